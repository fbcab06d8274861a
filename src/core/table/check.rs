//! What must hold inside a table between any two operations.

use super::store::Table;
use crate::core::member::Sought;
use crate::core::refs::Address;

impl Table {
    /// Panics where the table contradicts itself.
    pub fn check(&self) {
        self.timeline.check();
        let names = &self.names;
        assert_eq!(names.len(), self.timeline.len());
        assert_eq!(names.len(), names.spots().len());
        for spot in names.spots() {
            let member = names.member(spot);
            let home = names.with_name(spot, |name| {
                let sought = Sought::new(name);
                assert_eq!(names.find(&sought), Some(spot), "{member:?} is found");
                sought.home()
            });
            let place = names.place(spot);
            self.timeline.check_entry(Address { home, place });
            assert_eq!(names.at(Address { home, place }), spot);
        }
    }
}
