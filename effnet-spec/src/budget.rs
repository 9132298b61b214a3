//! A limit on what a network may cost.

use crate::text::thousands;
use crate::{Key, Mistake, Place, Size, Spec};

/// Limits on the counts of a network for 1,000 classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The most trainable parameters.
    pub params: Option<u64>,
    /// The most multiply-accumulates for one image.
    pub macs: Option<u64>,
    /// Side in pixels of the image that `macs` is for; else [`Spec::default_size`].
    pub at: Option<usize>,
}

impl Budget {
    /// Every limit that `spec`, which must be legal, exceeds.
    ///
    /// ```
    /// use effnet_spec::{Budget, Operator, Row, Settings, Spec};
    ///
    /// let rows = [Row::new(1, 3, 1, 1, 24, 24, Operator::Fused, 0.0)];
    /// let spec = Spec { name: "Tiny".into(), rows: rows.to_vec().into(), settings: Settings::DEFAULT };
    /// let over = Budget { params: Some(1_000_000), ..Budget::default() }.check(&spec);
    /// assert_eq!(
    ///     over[0].to_string(),
    ///     "params are 1,320,208, over the budget of 1,000,000; the head costs most, 1,314,280"
    /// );
    /// ```
    pub fn check(&self, spec: &Spec) -> Vec<Mistake> {
        let size = self.at.unwrap_or_else(|| spec.default_size());
        if size == 0 {
            let message = format!("at is 0; it must be {}", Key::EvalSize.legal());
            return vec![Mistake { place: Place::Setting(Key::Budget), message }];
        }
        let costs = spec.costs(Size::square(size), 1_000);
        let check = |figure: String, limit: Option<u64>, count: fn(&crate::Cost) -> u64| {
            let (limit, total) = (limit?, count(&costs.total()));
            if total <= limit {
                return None;
            }
            let stages = costs.stages.iter().zip(spec.rows()).enumerate();
            let stages = stages.map(|(index, (cost, row))| (format!("stage {} {row}", index + 1), count(cost)));
            let ends = [("the stem".to_owned(), count(&costs.stem)), ("the head".to_owned(), count(&costs.head))];
            let (part, cost) = stages.chain(ends).max_by_key(|&(_, cost)| cost)?;
            let [total, limit, cost] = [total, limit, cost].map(thousands);
            let message = format!("{figure} are {total}, over the budget of {limit}; {part} costs most, {cost}");
            Some(Mistake { place: Place::Setting(Key::Budget), message })
        };
        let params = check("params".to_owned(), self.params, |cost| cost.params);
        let macs = check(format!("macs at {size} px"), self.macs, |cost| cost.macs);
        params.into_iter().chain(macs).collect()
    }
}
