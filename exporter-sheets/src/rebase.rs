//! A write that has not happened yet, taken over to the tab as it is now.

use exporter_core::compare::same;

use crate::attempt::Attempt;
use crate::grid::Grid;
use crate::matching::Map;
use crate::part::Cells;
use crate::structure::Tab;

impl Attempt {
    /// The tab was read again, and the write had not happened: should it happen after all,
    /// that is what it hits. A cell that people changed since is not meant any more.
    pub fn rebase(&mut self, now: &Grid, tab: Option<&Tab>) {
        let map = Map::new(self, now, tab, false);
        let mut layout = self.layout.clone();
        // Columns that are not there are out of everybody's way.
        let away = now.width().max(self.before.width());
        let mut places: Vec<usize> = self.layout.places.clone();
        for (column, place) in places.iter_mut().enumerate() {
            let known = map.columns.get(*place).copied().flatten();
            let known = known.filter(|_| !self.layout.is_added(*place));
            *place = known.unwrap_or(away + column);
        }
        (layout.header, layout.places) = (map.header, places);
        layout.hits = tab.map(|tab| tab.hits.clone()).unwrap_or_default();
        let moved = |cells: &Cells| -> Cells {
            let places = cells.iter().filter_map(|(&(row, column), value)| {
                if self.is_new((row, column)) {
                    let ours = self.layout.places.iter().position(|place| *place == column)?;
                    return Some(((*map.rows.get(&row)?, layout.places[ours]), value.clone()));
                }
                // An empty row is as good as another one.
                let empty = self.before.is_blank(row) && now.is_blank(row) && !map.rows.contains_key(&row);
                let again = || Some((row, map.columns.get(column).copied().unwrap_or(Some(column))?));
                let place = map.place(self, (row, column)).or_else(|| again().filter(|_| empty))?;
                let unchanged = same(now.at(place.0, place.1), self.before.at(row, column));
                unchanged.then(|| (place, value.clone()))
            });
            places.collect()
        };
        let (cells, restores) = (moved(&self.cells), moved(&self.restores));
        for stamp in &mut self.stamps {
            stamp.row = stamp.row.and_then(|row| map.rows.get(&row).copied());
        }
        (self.cells, self.restores, self.layout, self.before) = (cells, restores, layout, now.clone());
    }
}
