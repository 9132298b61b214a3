//! What holds of every legal network.

#[path = "support/any.rs"]
mod any;

use effnet_spec::grammar::parse_table;
use effnet_spec::{Row, Scaling, Size};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_legal_network_has_no_mistakes(spec in any::spec()) {
        prop_assert_eq!(spec.validate(), []);
    }

    #[test]
    fn block_strings_round_trip(spec in any::spec()) {
        for row in spec.rows() {
            if let Some(text) = row.to_block_string() {
                prop_assert_eq!(Row::from_block_string(&text), Ok(*row));
            }
        }
    }

    #[test]
    fn table_text_round_trips(spec in any::spec()) {
        prop_assert_eq!(parse_table("Any", &spec.to_string()), Ok(spec));
    }

    #[test]
    fn scaling_by_one_changes_nothing(spec in any::spec()) {
        prop_assert_eq!(spec.scaled(&Scaling::v2(1.0, 1.0)), spec);
    }

    #[test]
    fn a_scaled_network_is_legal(spec in any::spec(), width in 0.1..4.0_f64, depth in 0.1..4.0_f64) {
        prop_assert_eq!(spec.scaled(&Scaling::v2(width, depth)).validate(), []);
    }

    /// Counted another way, over the modules of the PyTorch model.
    #[test]
    fn costs_are_those_of_the_modules(spec in any::spec(), height in 1..90_usize, width in 1..90_usize) {
        let image = Size { height, width };
        let cost = spec.cost(image, 7);
        let modules = spec.modules(image, 7);
        let params: u64 = modules.iter().map(|module| module.params).sum();
        let put_out = modules.iter().filter(|module| matches!(module.class, "Conv2d" | "Linear"));
        let activations: u64 = put_out.map(|module| module.elements()).sum();
        prop_assert_eq!((params, activations), (cost.params, cost.activations));
        prop_assert_eq!(spec.costs(image, 7).total(), cost);
    }

    #[test]
    fn blocks_follow_one_another(spec in any::spec()) {
        let blocks: Vec<_> = spec.blocks().collect();
        prop_assert_eq!(blocks.len(), spec.num_blocks());
        let mut channels = spec.stem_channels();
        for (index, block) in blocks.iter().enumerate() {
            prop_assert_eq!((block.index, block.in_channels), (index, channels));
            let first = index == 0 || blocks[index - 1].row != block.row;
            prop_assert!(first || block.stride == 1);
            prop_assert_eq!(block.drop_path, spec.settings.drop_path * index as f64 / blocks.len() as f64);
            channels = block.out_channels;
        }
        prop_assert_eq!(channels, spec.last_channels());
    }
}
