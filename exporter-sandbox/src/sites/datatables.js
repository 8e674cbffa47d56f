// Loads the rows of the chosen days, shows them, and makes the CSV file when asked for it.
(function () {
  'use strict';
  var rows = [];
  var loaded = null;

  function day(id) { return document.getElementById(id).value; }

  function show() {
    var body = document.querySelector('#laporan tbody');
    body.replaceChildren();
    rows.forEach(function (row) {
      var line = body.insertRow();
      row.forEach(function (cell) { line.insertCell().textContent = cell; });
    });
    if (rows.length === 0) {
      var empty = body.insertRow().insertCell();
      empty.className = 'dataTables_empty';
      empty.textContent = 'No data available in table';
    }
    document.querySelector('.dataTables_info').textContent = 'Showing ' + rows.length + ' entries';
  }

  function load() {
    var days = 'min=' + day('min') + '&max=' + day('max');
    if (loaded === days) { return Promise.resolve(); }
    return fetch('/laporan/data?draw=1&start=0&length=-1&' + days)
      .then(function (answer) { return answer.json(); })
      .then(function (answer) { rows = answer.data; loaded = days; show(); });
  }

  function quoted(cell) { return '"' + String(cell).replaceAll('"', '""') + '"'; }

  function save() {
    var head = Array.from(document.querySelectorAll('#laporan thead th'), function (cell) { return cell.textContent; });
    var text = [head].concat(rows).map(function (row) { return row.map(quoted).join(','); }).join('\n');
    var link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
    link.download = document.title + '.csv';
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }

  document.getElementById('tampilkan').addEventListener('click', load);
  document.querySelector('.buttons-csv').addEventListener('click', function () { load().then(save); });
}());
