//! A small seeded generator. It derives every invented id and choice from a text, so the demo is the same each time.

pub struct Seed(u64);

impl Seed {
    /// Seeds the generator with the FNV-1a hash of the text.
    pub fn new(text: &str) -> Seed {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Seed(text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
    }

    /// A number from 0 up to, but not including, `limit`.
    pub fn below(&mut self, limit: i64) -> i64 {
        (self.next() % limit.unsigned_abs()) as i64
    }

    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as i64) as usize]
    }

    pub fn hex(&mut self, length: usize) -> String {
        self.text(b"0123456789abcdef", length)
    }

    pub fn digits(&mut self, length: usize) -> String {
        self.text(b"0123456789", length)
    }

    pub fn letters(&mut self, length: usize) -> String {
        self.text(b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789", length)
    }

    pub fn uuid(&mut self) -> String {
        let [a, b, c, d, e] = [8, 4, 3, 3, 12].map(|length| self.hex(length));
        format!("{a}-{b}-4{c}-{}{d}-{e}", self.pick(&["8", "9", "a", "b"]))
    }

    pub fn anonymous_id(&mut self) -> String {
        format!("$RCAnonymousID:{}", self.hex(32))
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(*self.pick(alphabet))).collect()
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
