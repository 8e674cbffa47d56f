//! Columns whose text runs over into the next one, as where a writer does not wrap: no gap parts
//! them, but each has a heading, and the cells of the right one begin at one place.

use super::columns::Columns;
use super::lines::Line;
use super::pieces::Piece;

/// Fewer cells than this are no witnesses.
const WITNESSES: usize = 4;

/// Parts columns with two headings beside one another at the left edge of the right cells.
pub(super) fn part(columns: &Columns, body: &[&Line], headings: &[&Line], em: f32) -> Columns {
    let mut borders = columns.borders.clone();
    for line in headings {
        for pair in line.pieces.windows(2) {
            let (left, right) = (&pair[0], &pair[1]);
            if columns.of(left.center()) != columns.of(right.center()) || right.x0 - left.x1 < 0.3 * em {
                continue;
            }
            if let Some(at) = edge(columns, columns.of(left.center()), (left, right), body, em) {
                borders.push(at);
            }
        }
    }
    borders.sort_by(f32::total_cmp);
    borders.dedup_by(|a, b| (*a - *b).abs() < em);
    Columns { borders }
}

/// The left edge of the second cells of `column`, if they share one.
fn edge(columns: &Columns, column: usize, heads: (&Piece, &Piece), body: &[&Line], em: f32) -> Option<f32> {
    let within = |line: &&Line| -> Vec<f32> {
        let own = line.pieces.iter().filter(|piece| columns.of(piece.x0 + 0.1 * em) == column);
        own.map(|piece| piece.x0).collect()
    };
    let lines: Vec<Vec<f32>> = body.iter().map(within).filter(|line| line.len() > 1).collect();
    let mut edges: Vec<f32> = lines.iter().map(|line| line[line.len() - 1]).collect();
    edges.sort_by(f32::total_cmp);
    let middle = *edges.get(edges.len() / 2)?;
    let same = edges.iter().filter(|edge| (**edge - middle).abs() <= 0.15 * em).count();
    // Between the headings, or under the right one.
    let placed = middle > heads.0.x0 + em && middle <= heads.1.x1;
    // The first cells begin left of it, and none of them in it.
    let clear = lines.iter().all(|line| (line[0] - middle).abs() > em);
    (lines.len() >= WITNESSES && 10 * same >= 9 * lines.len() && placed && clear)
        .then_some(middle - 0.05 * em)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(y: f32, cells: &[(f32, f32)]) -> Line {
        Line::sample(y, &cells.iter().map(|&(x0, x1)| (x0, x1, "x")).collect::<Vec<_>>())
    }

    #[test]
    fn long_cells_end_where_the_next_begin() {
        let head = line(0.0, &[(0.0, 30.0), (60.0, 90.0), (150.0, 170.0)]);
        let rows: Vec<Line> = (1..7_u8)
            .map(|row| {
                line(
                    12.0 * f32::from(row),
                    &[(0.0, 30.0 + 10.0 * f32::from(row)), (55.0, 110.0), (150.0, 170.0)],
                )
            })
            .collect();
        let rows: Vec<&Line> = rows.iter().collect();
        let one = Columns { borders: vec![130.0] };
        assert_eq!(part(&one, &rows, &[&head], 10.0).borders, [54.5, 130.0]);
        assert_eq!(part(&one, &rows[..3], &[&head], 10.0), one, "too few to tell");
        let plain = line(0.0, &[(0.0, 90.0), (150.0, 170.0)]);
        assert_eq!(part(&one, &rows, &[&plain], 10.0), one, "one heading, one column");
    }
}
