//! Rows of two pictures of a tab, paired by what they say.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Rows that are not matched yet.
pub struct Rows {
    /// Of the earlier picture.
    pub left: Vec<usize>,
    /// Of now.
    pub free: Vec<usize>,
}

impl Rows {
    /// Pairs rows by a name; of several rows of one name those that are most alike.
    pub fn pair<K: Eq + Hash, L: Ord>(
        &mut self,
        name_before: impl Fn(usize) -> Option<K>,
        name_now: impl Fn(usize) -> Option<K>,
        alike: impl Fn(usize, usize) -> L,
    ) -> Vec<(usize, usize)> {
        if self.left.is_empty() {
            return Vec::new();
        }
        let mut named: HashMap<K, Vec<usize>> = HashMap::new();
        for &row in self.free.iter().rev() {
            if let Some(name) = name_now(row) {
                named.entry(name).or_default().push(row);
            }
        }
        let mut found = Vec::new();
        self.left.retain(|&row| {
            let Some(others) = name_before(row).and_then(|name| named.get_mut(&name)) else { return true };
            let likeness = |index: &usize| (alike(row, others[*index]), *index);
            let best = if others.len() == 1 { Some(0) } else { (0..others.len()).max_by_key(likeness) };
            let Some(best) = best else { return true };
            found.push((row, others.remove(best)));
            false
        });
        self.take(&found);
        found
    }

    /// Pairs as many rows as can be, each with one of its choices, as [`seats`] does. The choices
    /// are groups of rows that say the same.
    pub fn seat(&mut self, rounds: &[Vec<Vec<usize>>], groups: Vec<Vec<usize>>) -> Vec<(usize, usize)> {
        let rooms: Vec<usize> = groups.iter().map(Vec::len).collect();
        let found: Vec<(usize, usize)> = (seats(rounds, &rooms).into_iter().zip(groups))
            .flat_map(|(mut seated, rows)| {
                seated.sort_unstable();
                seated.into_iter().zip(rows).map(|(one, row)| (self.left[one], row)).collect::<Vec<_>>()
            })
            .collect();
        self.take(&found);
        found
    }

    /// Takes pairs off both sides.
    pub fn take(&mut self, found: &[(usize, usize)]) {
        let (gone, taken): (HashSet<usize>, HashSet<usize>) = found.iter().copied().unzip();
        self.left.retain(|row| !gone.contains(row));
        self.free.retain(|row| !taken.contains(row));
    }
}
/// A place with room for some.
struct Place {
    room: usize,
    seated: Vec<usize>,
}

/// Finds places for as many as can be, by what each may choose in the first round, and for those
/// who are left over in the later ones. Whoever has a place keeps one, unless somebody needs it in
/// a round in which they may choose nothing.
/// Gives who is seated in each place.
pub fn seats(rounds: &[Vec<Vec<usize>>], rooms: &[usize]) -> Vec<Vec<usize>> {
    let mut places: Vec<Place> = rooms.iter().map(|&room| Place { room, seated: Vec::new() }).collect();
    for choices in rounds {
        let seated: HashSet<usize> = places.iter().flat_map(|place| place.seated.iter().copied()).collect();
        for one in (0..choices.len()).filter(|one| !seated.contains(one)) {
            for make_way in [false, true] {
                if seat(one, choices, &mut places, &mut HashSet::new(), make_way) {
                    break;
                }
            }
        }
    }
    places.into_iter().map(|place| place.seated).collect()
}

/// How many of those before may have to make way for one.
const LONGEST_WAY: usize = 100;

/// Finds a place for one by its choices; others move to another choice of theirs for it, or
/// `make_way` if they have none.
fn seat(
    one: usize,
    choices: &[Vec<usize>],
    places: &mut [Place],
    seen: &mut HashSet<usize>,
    make_way: bool,
) -> bool {
    let is_free = |place: &Place| place.seated.len() < place.room;
    if let Some(&choice) = choices[one].iter().find(|choice| is_free(&places[**choice])) {
        places[choice].seated.push(one);
        return true;
    }
    for &choice in &choices[one] {
        if seen.len() > LONGEST_WAY || !seen.insert(choice) {
            continue;
        }
        for index in 0..places[choice].seated.len() {
            let other = places[choice].seated[index];
            let goes = make_way && choices[other].is_empty();
            if goes || (choices[other].len() > 1 && seat(other, choices, places, seen, make_way)) {
                places[choice].seated[index] = one;
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_can_be_have_a_place() {
        let choices = vec![vec![0, 1], vec![0], vec![1, 2], vec![1]];
        let seated = seats(&[choices], &[1, 1, 1]);
        assert_eq!(seated.concat().len(), 3);
        assert_eq!(seats(&[vec![vec![0]], vec![vec![0, 1]]], &[1, 1]), [vec![0], vec![]]);
    }

    #[test]
    fn who_has_no_choice_makes_way_and_only_if_needed() {
        let first = vec![vec![0], vec![]];
        assert_eq!(seats(&[first.clone(), vec![vec![], vec![0]]], &[1]), [[1]]);
        assert_eq!(seats(&[first.clone(), vec![vec![], vec![0, 1]]], &[1, 1]), [[0], [1]]);
        // And comes back to where room is left.
        let last = vec![vec![0, 1], vec![0]];
        assert_eq!(seats(&[first, vec![vec![], vec![0]], last], &[1, 1]), [[1], [0]]);
    }
}
