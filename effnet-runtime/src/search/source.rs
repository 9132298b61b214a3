//! A network as source code.

use effnet_spec::Spec;

/// The `efficientnet_v2!` that defines a network, under its name, with a sentence for its documentation. A source file
/// that takes it needs `use effnet_runtime::efficientnet_v2;`.
///
/// ```
/// use effnet_runtime::search::{Space, macro_source};
///
/// let space = Space::open("b0")?;
/// let source = macro_source(&space.spec(&space.middle(), "Middle")?, "The space's middle.");
/// assert!(source.starts_with("efficientnet_v2! {\n    /// The space's middle.\n    pub struct Middle <\n"));
/// # Ok::<_, effnet_runtime::search::Error>(())
/// ```
pub fn macro_source(spec: &Spec, about: &str) -> String {
    let heading = "    // repeats, kernel, stride, expansion, in, out, operator, se_ratio\n";
    let table = spec.to_string().replacen("<\n", &format!("<\n{heading}"), 1).replace('\n', "\n    ");
    format!("efficientnet_v2! {{\n    /// {about}\n    pub struct {} {table}\n}}", spec.name)
}
