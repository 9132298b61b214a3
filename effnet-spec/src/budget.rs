//! A limit on what a network may cost.

use crate::{Cost, CostPart, Error, Limit, Mistake, Name, Place, Size, Spec};

/// Limits on the counts of a network for 1,000 classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The most trainable parameters.
    pub params: Option<u64>,
    /// The most multiply-accumulates for one image.
    pub macs: Option<u64>,
    /// Side in pixels of the image that `macs` is for; else [`crate::Settings::default_size`].
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
    ///     "`params` are 1,320,208, over the budget of 1,000,000; the head costs most, 1,314,280"
    /// );
    /// ```
    pub fn check(&self, spec: &Spec) -> Vec<Error<Place>> {
        if let Some(error) = self.check_size() {
            return vec![error];
        }
        let size = self.at.unwrap_or_else(|| spec.settings.default_size());
        let costs = spec.costs(Size::square(size), 1_000);
        let check = |limit: Limit, most: Option<u64>, count: fn(&Cost) -> u64| {
            let (most, total) = (most?, count(&costs.total()));
            let rows = costs.rows.iter().zip(spec.rows()).zip(spec.stage_of_rows());
            let rows = rows.map(|((cost, row), stage)| (CostPart::Stage(stage, Box::new(*row)), count(cost)));
            let ends = [(CostPart::Stem, count(&costs.stem)), (CostPart::Head, count(&costs.head))];
            let (part, cost) = rows.chain(ends).max_by_key(|&(_, cost)| cost)?;
            let mistake = Mistake::OverBudget { limit, size, total, most, part, cost };
            (total > most).then_some(Error { place: Place::Limit(limit), mistake })
        };
        let params = check(Limit::Params, self.params, |cost| cost.params);
        let macs = check(Limit::Macs, self.macs, |cost| cost.macs);
        params.into_iter().chain(macs).collect()
    }

    /// The mistake in the size that `macs` is for, if there is one, whatever the network.
    pub(crate) fn check_size(&self) -> Option<Error<Place>> {
        let mistake = Mistake::Illegal { name: Name::Limit(Limit::At), value: "0".to_owned() };
        (self.at == Some(0)).then_some(Error { place: Place::Limit(Limit::At), mistake })
    }
}
