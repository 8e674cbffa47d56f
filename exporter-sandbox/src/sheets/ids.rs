//! Ids for what is created: random-looking, repeatable from a seed.

/// A stream of ids.
#[derive(Debug, Clone)]
pub struct Ids(u64);

impl Ids {
    /// A stream from a seed: the same seed gives the same ids.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits (the splitmix64 generator).
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A positive 31-bit number, the form of most ids.
    pub fn number(&mut self) -> i64 {
        i64::from(u32::try_from(self.bits() >> 33).unwrap_or(1).max(1))
    }

    /// Letters, digits, `-` and `_`, as in a spreadsheet's address.
    pub fn text(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let letter = |bits: u64| char::from(LETTERS[usize::try_from(bits & 63).unwrap_or(0)]);
        (0..length).map(|_| letter(self.bits() >> 20)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let (mut a, mut b) = (Ids::new(7), Ids::new(7));
        assert_eq!(a.text(44), b.text(44));
        assert_eq!(a.number(), b.number());
        assert!((0..1000).all(|_| (1..1 << 31).contains(&a.number())));
    }
}
