//! Models of a crate with another name for the runtime, no prelude, clashing names and strict lints.

use effnet_hygiene::{Documented, PRIVATE_PARAMS, Undocumented, clashing_names, no_prelude};
use effnet_runtime::Params;
use effnet_runtime::candle::Result;

#[test]
fn a_model_is_the_same_in_any_surroundings() -> Result<()> {
    assert_eq!(no_prelude::Model::SPEC, clashing_names::Model::SPEC);
    assert_eq!(PRIVATE_PARAMS, [Undocumented::PARAMS; 2]);
    assert_eq!(Documented::SPEC.settings.eval_size, Some(384));
    let images = crate::images()?;
    let free = no_prelude::Model::new(3, Params::new(1).builder())?.run(&images, &crate::EVAL)?;
    let crowded = clashing_names::Model::new(3, Params::new(1).builder())?.run(&images, &crate::EVAL)?;
    assert_eq!(crate::bits(&free)?, crate::bits(&crowded)?);
    Ok(())
}
