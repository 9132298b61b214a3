//! Times that are known already.

use std::collections::BTreeMap;

use effnet_spec::Spec;

use super::{Clock, Time};
use crate::train::{Error, Result};

/// A clock that looks times up, by the text of a network's table: `spec.to_string()`.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    times: BTreeMap<String, Time>,
}

impl Recorded {
    /// A clock that knows these times.
    pub fn new(times: BTreeMap<String, Time>) -> Self {
        Self { times }
    }
}

impl Clock for Recorded {
    fn time(&mut self, spec: &Spec, _: &dyn Fn() -> bool) -> Result<Option<Time>> {
        let table = spec.to_string();
        match self.times.get(&table) {
            Some(time) => Ok(Some(*time)),
            None => Err(Error::Setting(format!(
                "no time is recorded for the network `{}` of the table {}: measure it, or add its time to the record",
                spec.name,
                table.split_whitespace().collect::<Vec<_>>().join(" ")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Operator, Row, Settings};

    fn network(name: &str, repeats: usize) -> Spec {
        let rows = vec![Row::new(repeats, 3, 1, 1, 8, 8, Operator::Fused, 0.0)];
        Spec { name: name.to_owned().into(), rows: rows.into(), settings: Settings::DEFAULT }
    }

    #[test]
    fn a_time_is_found_whatever_the_network_is_called() {
        let time = Time { ratio: 1.5, milliseconds: None };
        let mut clock = Recorded::new(BTreeMap::from([(network("a", 1).to_string(), time)]));
        assert_eq!(clock.time(&network("b", 1), &|| false).unwrap(), Some(time));
        let error = clock.time(&network("c", 2), &|| false).unwrap_err().to_string();
        assert!(error.contains("`c`") && error.contains("[2, 3, 1, 1, 8, 8, fused, 0]"), "{error}");
    }
}
