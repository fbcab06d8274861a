//! How the cost of commands grows with the number of members.

/// What a command costs at each size.
pub struct Curve {
    /// What it is called.
    pub title: &'static str,
    /// ns, in the order of the sizes.
    pub nanos: Vec<f64>,
}

/// The cost of each command at each size.
pub struct Growth {
    /// Numbers of members.
    pub sizes: Vec<usize>,
    /// The commands, and last a random read of memory of about the key's size.
    pub curves: Vec<Curve>,
}
