use crate::Route;

/// One of the relays that a sender has: where it is, and which mail it gets.
///
/// A brand's mail goes by those of its outlets that take mail and have the lowest `priority`, each of them its share by `weight`. One
/// that is down, or whose limit is used up, is passed over until it takes mail again.
#[derive(Clone, Debug)]
pub struct Outlet {
    /// The name in attempts, logs and reports, and by which its limit is found.
    pub name: String,
    /// The relay, or a folder that stands in for it.
    pub route: Route,
    /// How many connections, which is how many messages are with the relay at one time. One at least.
    pub connections: u32,
    /// Those with the lowest number come first; the others wait until none of these takes mail.
    pub priority: u32,
    /// How many messages of a brand it gets for one that another of the same priority and of weight 1 gets. One at least.
    pub weight: u32,
    /// The short names of the brands whose mail it gets; that of all brands, where there is none.
    pub brands: Vec<String>,
}

impl Outlet {
    /// The one relay for everything, by the name that its address gives it.
    pub fn new(route: impl Into<Route>, connections: u32) -> Self {
        let route = route.into();
        Self { name: route.name(), route, connections, priority: 1, weight: 1, brands: Vec::new() }
    }

    /// Whether it gets the mail of the brand with this short name.
    pub fn serves(&self, brand: &str) -> bool {
        self.brands.is_empty() || self.brands.iter().any(|name| name == brand)
    }
}
