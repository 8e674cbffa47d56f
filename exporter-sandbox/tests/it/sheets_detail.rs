//! Details of answers that clients compare: what is shown, what is left out.

use serde_json::{Value, json};

use crate::service::Service;

#[tokio::test]
async fn a_range_that_only_warns_shows_its_owner_among_the_editors() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let range = json!({"startRowIndex": 0, "endRowIndex": 2, "startColumnIndex": 0, "endColumnIndex": 2});
    let request = json!({"range": range, "warningOnly": true, "description": null, "editors": null,
        "requestingUserCanEdit": false});
    let replies = service.batch(&file, json!([{"addProtectedRange": {"protectedRange": request}}])).await;
    let added = &replies[0]["addProtectedRange"]["protectedRange"];
    let id = &added["protectedRangeId"];
    let shown = |editors| {
        json!({"protectedRangeId": id, "range": range, "warningOnly": true,
            "requestingUserCanEdit": true, "editors": editors})
    };
    assert_eq!(*added, shown(json!({})));
    let seen = service.get(&format!("{file}?fields=sheets.protectedRanges")).await;
    assert_eq!(seen["sheets"][0]["protectedRanges"][0], shown(json!({"users": ["owner@example.com"]})));
}

#[tokio::test]
async fn a_column_is_made_as_wide_as_its_longest_line() {
    let service = Service::start().await;
    let file = service.small(5, 4).await;
    let lines = format!("{}\nAA", "A".repeat(512));
    service.put(&file, "A1:C1", json!([["A".repeat(1024), lines, 12_345_678]])).await;
    let columns = json!({"sheetId": 0, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 3});
    service.batch(&file, json!([{"autoResizeDimensions": {"dimensions": columns}}])).await;
    let seen = service.get(&format!("{file}?fields=sheets.data.columnMetadata")).await;
    assert_eq!(
        seen["sheets"][0]["data"][0]["columnMetadata"],
        json!([{"pixelSize": 9483}, {"pixelSize": 4742}, {"pixelSize": 62}, {"pixelSize": 100}])
    );
}

#[tokio::test]
async fn a_style_without_a_colour_takes_the_colour_away() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let colour = |style| {
        json!([{"updateSheetProperties": {"properties": {"sheetId": 0, "tabColorStyle": style},
            "fields": "tabColorStyle"}}])
    };
    let tab = async || {
        let seen = service.get(&format!("{file}?fields=sheets.properties(tabColor,tabColorStyle)")).await;
        seen["sheets"][0]["properties"].clone()
    };
    let pink = json!({"red": 1, "blue": 0.498_039_22});
    service.batch(&file, colour(json!({"rgbColor": {"red": 1, "green": 0, "blue": 0.5}}))).await;
    assert_eq!(tab().await, json!({"tabColor": pink, "tabColorStyle": {"rgbColor": pink}}));
    service.batch(&file, colour(json!({"rgbColor": null}))).await;
    assert_eq!(tab().await, json!({}));
    service.batch(&file, colour(json!({"rgbColor": {}}))).await;
    assert_eq!(tab().await, json!({"tabColor": {}, "tabColorStyle": {"rgbColor": {}}}), "black");
}

#[tokio::test]
async fn colours_of_borders_bands_and_rules_come_in_both_spellings() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let range = json!({"sheetId": 0, "startRowIndex": 0, "endRowIndex": 1, "startColumnIndex": 0, "endColumnIndex": 2});
    let (red, style) = (json!({"red": 1}), json!({"rgbColor": {"red": 1}}));
    let border = json!({"style": "SOLID", "width": 1, "color": red});
    let format = json!({"backgroundColorStyle": style});
    let condition = json!({"type": "NOT_BLANK"});
    let rule = json!({"ranges": [range], "booleanRule": {"condition": condition, "format": format}});
    service
        .batch(
            &file,
            json!([
                {"updateBorders": {"range": range, "top": border}},
                {"addBanding": {"bandedRange": {"range": range, "rowProperties": {"firstBandColor": red, "secondBandColor": red}}}},
                {"addConditionalFormatRule": {"rule": rule, "index": 0}},
            ]),
        )
        .await;
    let fields = "sheets(bandedRanges.rowProperties,conditionalFormats.booleanRule.format,data.rowData.values.userEnteredFormat)";
    let seen = service.get(&format!("{file}?ranges=A1&fields={fields}")).await["sheets"][0].clone();
    assert_eq!(
        seen["data"][0]["rowData"][0]["values"][0]["userEnteredFormat"]["borders"],
        json!({"top": {"style": "SOLID", "width": 1, "color": red, "colorStyle": style}})
    );
    assert_eq!(
        seen["bandedRanges"][0]["rowProperties"],
        json!({"firstBandColor": red, "firstBandColorStyle": style, "secondBandColor": red, "secondBandColorStyle": style})
    );
    assert_eq!(
        seen["conditionalFormats"][0]["booleanRule"]["format"],
        json!({"backgroundColor": red, "backgroundColorStyle": style})
    );
}

#[tokio::test]
async fn a_table_names_its_columns_by_their_headers() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    service.put(&file, "A1:B1", json!([["Id", ""]])).await;
    let range = json!({"startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 3});
    let columns = json!([{"columnIndex": 2, "columnName": "Total", "columnType": "DOUBLE"}]);
    let table = json!({"name": "T", "range": range, "columnProperties": columns});
    let replies = service.batch(&file, json!([{"addTable": {"table": table}}])).await;
    assert_eq!(
        replies[0]["addTable"]["table"]["columnProperties"],
        json!([
            {"columnName": "Id"},
            {"columnIndex": 1, "columnName": "Column 2"},
            {"columnIndex": 2, "columnName": "Total", "columnType": "DOUBLE"},
        ])
    );
}

#[tokio::test]
async fn what_a_filter_excludes_is_shown_in_both_spellings() {
    let service = Service::start().await;
    let file = service.small(5, 3).await;
    service.put(&file, "A1:B4", json!([["h", "k"], ["x", 1], ["y", 2], ["x", 3]])).await;
    let range = json!({"startRowIndex": 0, "endRowIndex": 4, "startColumnIndex": 0, "endColumnIndex": 2});
    let (hidden, other) = (json!({"hiddenValues": ["x"]}), json!({"hiddenValues": ["2"]}));
    let old = json!({"range": range, "criteria": {"0": hidden}});
    let view =
        json!({"title": "v", "range": range, "filterSpecs": [{"columnIndex": 1, "filterCriteria": other}]});
    let replies = service
        .batch(&file, json!([{"setBasicFilter": {"filter": old}}, {"addFilterView": {"filter": view}}]))
        .await;
    assert_eq!(replies[1]["addFilterView"]["filter"]["criteria"], json!({"1": other}));
    let id = &replies[1]["addFilterView"]["filter"]["filterViewId"];
    let changed = json!({"filterViewId": id, "criteria": {"0": other}});
    service.batch(&file, json!([{"updateFilterView": {"filter": changed, "fields": "criteria"}}])).await;
    let seen = service
        .get(&format!(
            "{file}?fields=sheets(basicFilter(criteria,filterSpecs),filterViews(criteria,filterSpecs))"
        ))
        .await;
    let both = |criteria| json!({"criteria": {"0": criteria}, "filterSpecs": [{"columnIndex": 0, "filterCriteria": criteria}]});
    assert_eq!(seen["sheets"][0], json!({"basicFilter": both(hidden), "filterViews": [both(other)]}));
}

#[tokio::test]
async fn a_protected_name_shows_its_range() {
    let service = Service::start().await;
    let file = service.small(5, 3).await;
    let range = json!({"startRowIndex": 1, "endRowIndex": 2, "startColumnIndex": 0, "endColumnIndex": 2});
    let replies = service
        .batch(
            &file,
            json!([
                {"addNamedRange": {"namedRange": {"namedRangeId": "n", "name": "mine", "range": range}}},
                {"addProtectedRange": {"protectedRange": {"namedRangeId": "n"}}},
            ]),
        )
        .await;
    let added = &replies[1]["addProtectedRange"]["protectedRange"];
    assert_eq!((&added["range"], &added["namedRangeId"]), (&range, &json!("n")));
    service
        .batch(
            &file,
            json!([{"insertDimension": {"range": {"dimension": "ROWS", "startIndex": 0, "endIndex": 1}}}]),
        )
        .await;
    let seen = service.get(&format!("{file}?fields=sheets.protectedRanges.range")).await;
    assert_eq!(seen["sheets"][0]["protectedRanges"][0]["range"]["startRowIndex"], 2);
}

#[tokio::test]
async fn a_number_without_a_format_shows_ten_digits() {
    let service = Service::start().await;
    let file = service.small(6, 1).await;
    let column = json!([
        ["= 1 / 1024"],
        ["=1/3"],
        ["=1000/3"],
        [9.999_999_999],
        ["=HYPERLINK(\"https://example.com\",\"shown\")"]
    ]);
    service.put(&file, "A1:A5", column).await;
    assert_eq!(
        service.values(&file, "A1:A5").await,
        json!([["0.0009765625"], ["0.3333333333"], ["333.3333333"], ["9.999999999"], ["shown"]])
    );
}

#[tokio::test]
async fn a_formula_is_kept_in_one_spelling() {
    let service = Service::start().await;
    let file = service.small(9, 5).await;
    let tab = |title: &str| json!({"addSheet": {"properties": {"title": title}}});
    service.batch(&file, json!([tab("Sales"), tab("It's"), tab("v1.x")])).await;
    for (entered, kept) in [
        ("=sum( sales!a3:a3 )", "=sum( Sales!A3 )"),
        ("='Sales'!C3:b2", "=Sales!B2:C3"),
        ("=sales!$d$3 + 1", "=Sales!$D$3 + 1"),
        ("=SUM(  A2 ,  'it''s'!a1:a1  )", "=SUM(  A2 ,  'It''s'!A1  )"),
        ("=if(true,\"a3:a3\",B2)", "=if(true,\"a3:a3\",B2)"),
        ("=sum('V1.X'!3:3, b:A, $a$5:a$4)", "=sum(v1.x!3:3, A:B, $A$4:A$5)"),
        ("=nowhere!b2:a1", "=nowhere!b2:a1"),
    ] {
        service.put(&file, "E9", json!([[entered]])).await;
        assert_eq!(service.formulas(&file, "E9").await, json!([[kept]]), "{entered}");
        let data = json!({"userEnteredValue": {"formulaValue": entered}});
        let request = json!({"start": {"sheetId": 0, "rowIndex": 8, "columnIndex": 3},
            "rows": [{"values": [data]}], "fields": "userEnteredValue"});
        service.batch(&file, json!([{"updateCells": request}])).await;
        assert_eq!(service.formulas(&file, "D9").await, json!([[kept]]), "{entered}");
    }
}

#[tokio::test]
async fn a_sort_leaves_rows_out_of_sight_where_they_are() {
    let service = Service::start().await;
    let file = service.small(6, 1).await;
    service.put(&file, "A1:A6", json!([[5], [1], [4], [2], [""], [3]])).await;
    let row = json!({"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2});
    let hide = json!({"range": row, "properties": {"hiddenByUser": true}, "fields": "hiddenByUser"});
    let sort = |order: &str| json!({"range": {"sheetId": 0}, "sortSpecs": [{"sortOrder": order}]});
    service
        .batch(&file, json!([{"updateDimensionProperties": hide}, {"sortRange": sort("DESCENDING")}]))
        .await;
    assert_eq!(service.values(&file, "A1:A6").await, json!([["5"], ["1"], ["4"], ["3"], ["2"]]));
}

#[tokio::test]
async fn who_asks_for_a_range_sees_the_merges_and_tables_it_meets() {
    let service = Service::start().await;
    let file = service.small(20, 8).await;
    let cells = |top: usize, left: usize| json!({"sheetId": 0, "startRowIndex": top, "endRowIndex": top + 2, "startColumnIndex": left, "endColumnIndex": left + 2});
    let table = json!({"name": "Plan", "range": cells(10, 0)});
    let merge = |top: usize, left: usize| json!({"mergeCells": {"range": cells(top, left), "mergeType": "MERGE_ALL"}});
    service.batch(&file, json!([merge(0, 0), merge(4, 5), {"addTable": {"table": table}}])).await;
    let fields = "fields=sheets(merges(startRowIndex,startColumnIndex),tables.name)";
    for (asked, merges, tables) in [
        ("", json!([[0, 0], [4, 5]]), json!(["Plan"])),
        ("ranges=S&", json!([[0, 0], [4, 5]]), json!(["Plan"])),
        ("ranges=A:A&", json!([[0, 0]]), json!(["Plan"])),
        ("ranges=S!B2&ranges=S!G6&", json!([[0, 0], [4, 5]]), json!([])),
        ("ranges=C1:D20&", json!([]), json!([])),
    ] {
        let seen = service.get(&format!("{file}?{asked}{fields}")).await;
        let sheet = &seen["sheets"][0];
        let items = |name: &str| sheet[name].as_array().cloned().unwrap_or_default();
        let places: Vec<Value> = items("merges")
            .iter()
            .map(|merge| json!([merge["startRowIndex"], merge["startColumnIndex"]]))
            .collect();
        let names: Vec<Value> = items("tables").iter().map(|table| table["name"].clone()).collect();
        assert_eq!((json!(places), json!(names)), (merges, tables), "{asked}");
    }
}

#[tokio::test]
async fn a_link_is_where_the_cell_leads_and_how_it_looks() {
    let service = Service::start().await;
    let file = service.small(9, 2).await;
    let to = |name: &str| format!("https://example.com/{name}");
    let formula = format!("=HYPERLINK(\"{}\", \"label\")", to("formula"));
    service
        .put(&file, "A1:A4", json!([[to("typed")], [formula], [format!("see {}", to("text"))], ["own"]]))
        .await;
    let text = json!({"link": {"uri": to("own")}, "underline": false, "foregroundColor": {"red": 1}});
    let cell = json!({"userEnteredFormat": {"textFormat": text}});
    let range = json!({"sheetId": 0, "startRowIndex": 3, "endRowIndex": 5, "startColumnIndex": 0, "endColumnIndex": 1});
    let write = json!({"userEnteredValue": {"stringValue": to("written")}});
    let start = json!({"sheetId": 0, "rowIndex": 5, "columnIndex": 0});
    service
        .batch(
            &file,
            json!([
                {"repeatCell": {"range": range, "cell": cell, "fields": "userEnteredFormat.textFormat"}},
                {"updateCells": {"start": start, "rows": [{"values": [write]}], "fields": "userEnteredValue"}}
            ]),
        )
        .await;
    let looks = "textFormat(underline,link,foregroundColor),hyperlinkDisplayType";
    let fields = format!(
        "fields=sheets.data.rowData.values(hyperlink,userEnteredFormat.textFormat.link,effectiveFormat({looks}))"
    );
    let seen = service.get(&format!("{file}?{fields}")).await;
    let rows = &seen["sheets"][0]["data"][0]["rowData"];
    let look = |uri: &str, underline: bool, color: Value| json!({"textFormat": {"underline": underline, "link": {"uri": to(uri)}, "foregroundColor": color}, "hyperlinkDisplayType": "LINKED"});
    let blue = || json!({"red": 0.066_666_67, "green": 0.333_333_34, "blue": 0.8});
    let own = |uri: &str| json!({"textFormat": {"link": {"uri": to(uri)}}});
    let plain = json!({"effectiveFormat": {"textFormat": {"underline": false, "foregroundColor": {}}, "hyperlinkDisplayType": "PLAIN_TEXT"}});
    let red = json!({"hyperlink": to("own"), "userEnteredFormat": own("own"), "effectiveFormat": look("own", false, json!({"red": 1}))});
    for (row, wanted) in [
        json!({"hyperlink": to("typed"), "userEnteredFormat": own("typed"), "effectiveFormat": look("typed", true, blue())}),
        json!({"hyperlink": to("formula"), "effectiveFormat": look("formula", true, blue())}),
        plain.clone(),
        red.clone(),
        red,
        plain,
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(rows[row]["values"][0], wanted, "row {row}");
    }
}
