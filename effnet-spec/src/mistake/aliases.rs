//! Others' words: what a name of another program, or of the literature, is called in a table.

/// What another's word means here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    /// This name.
    Name(&'static str),
    /// This name, and what differs.
    Like(&'static str, &'static str),
    /// A thing that no table says, and so no misspelling of a name: what it is.
    Beyond(&'static str),
    /// Nothing that a table has a name for: what to do instead.
    Elsewhere(&'static str),
    /// A known thing that is not among the legal ones, and so no misspelling of them.
    Known,
}

use crate::HeadKind;
use crate::named::Named;

use Meaning::{Beyond, Elsewhere, Known, Like, Name};

/// Words by the kind of name that they are written for, without case and `_`.
type Words = &'static [(&'static [&'static str], Meaning)];

const ACTIVATIONS: Words = &[
    (&["swish"], Name("silu")),
    (&["hswish", "hardsilu"], Name("hard_swish")),
    (&["re"], Name("relu")),
    (&["r6"], Name("relu6")),
    (
        &[
            "gelu",
            "geglu",
            "glu",
            "elu",
            "selu",
            "celu",
            "prelu",
            "rrelu",
            "leakyrelu",
            "sigmoid",
            "hardsigmoid",
            "tanh",
            "hardtanh",
            "mish",
            "hardmish",
            "softplus",
            "softsign",
            "softmax",
            "identity",
            "linear",
            "none",
        ],
        Known,
    ),
];

const OPERATORS: Words = &[
    (&["fusedmbconv", "fusedmb", "fusedconv"], Name("fused")),
    (&["invertedresidual", "mb"], Name("mbconv")),
    (&["er", "edgeresidual"], Like("fused", "timm's `er`")),
    (&["ir"], Like("mbconv", "timm's `ir`")),
    (&["ds", "depthwiseseparable"], Like("mbconv", "timm's `ds`, with expansion 1")),
    (&["dsa"], Like("mbconv", "timm's `dsa`, with expansion 1 and `project_activation: true`")),
    (&["cn", "convbnact"], Like("conv", "timm's `cn`")),
    (&["gh", "ghost", "ghostbottleneck", "ghostmodule"], Beyond("ghost modules")),
    (&["uir", "uib", "universalinvertedbottleneck"], Beyond("universal inverted bottlenecks")),
    (&["mqa", "mha", "attn", "attention", "transformer"], Beyond("attention")),
    (&["cc", "condconv", "condconvresidual"], Beyond("conditional convolutions")),
    (&["mixconv", "mix"], Beyond("mixed kernels")),
    (&["bottleneck", "basic", "basicblock", "resnet"], Beyond("ResNet's blocks")),
];

const SETTINGS: Words = &[
    (
        &["classes", "numclasses", "nclasses", "nbclasses", "labels"],
        Elsewhere("remove it; the number of classes is the first argument of `new`"),
    ),
    (&["headsize", "headchannels", "features", "headfeatures", "topfilters"], Name("num_features")),
    (&["epsilon", "eps", "bnepsilon", "batchnormepsilon", "normeps"], Name("bn_eps")),
    (&["momentum", "batchnormmomentum", "bndecay"], Name("bn_momentum")),
    (&["dropconnect", "dropconnectrate", "droppathrate", "stochasticdepth", "stochasticdepthprob"], Name("drop_path")),
    (&["survivalprob", "survival"], Like("drop_path", "1 minus the probability of survival")),
    (&["dropoutrate", "droprate", "dropoutprob", "headdropout"], Name("dropout")),
    (&["resolution", "size", "imagesize", "imgsize", "inputsize", "testsize", "cropsize", "isize"], Name("eval_size")),
    (&["trainimagesize", "trainresolution", "trainres"], Name("train_size")),
    (&["widthcoefficient", "widthmult", "widthmultiplier", "channelmultiplier"], Name("width")),
    (&["depthcoefficient", "depthmult", "depthmultiplier"], Name("depth")),
    (&["act", "actlayer", "actfn", "activationfn", "nonlinearity"], Name("activation")),
    (&["inchans", "channels", "inputchannels", "imagechannels"], Name("in_channels")),
    (&["stemsize", "stemchannels", "stemfilters"], Name("stem")),
    (&["pad", "padtype", "paddingmode"], Name("padding")),
    (&["stddev", "standarddeviation"], Name("std")),
    (&["limits", "limit"], Name("budget")),
    (
        &["norm", "normlayer", "normalization", "normalisation", "groupnorm", "layernorm"],
        Beyond("normalisations besides batch normalisation"),
    ),
    (&["groups", "groupsize", "numgroups"], Beyond("group convolutions")),
    (&["dilation", "outputstride"], Beyond("dilated convolutions")),
    (&["aalayer", "blur", "blurpool", "antialias"], Beyond("blurred downsampling")),
    (&["numexperts", "experts"], Beyond("conditional convolutions")),
];

const OPTIONS: Words = &[
    (&["noskip"], Like("shortcut", "written `shortcut: false`")),
    (&["skip", "residual", "idskip"], Name("shortcut")),
    (&["expandedchannels", "midchannels", "hidden", "fc"], Name("expanded")),
    (&["squeezedchannels", "reducedchannels", "sechannels"], Name("squeezed")),
    (&["act", "actlayer", "nonlinearity"], Name("activation")),
    (&["pwact", "projectact"], Name("project_activation")),
    (&["groups", "groupsize"], Beyond("group convolutions")),
    (&["dilation"], Beyond("dilated convolutions")),
];

const LIMITS: Words = &[
    (&["flops", "flop", "gflops"], Like("macs", "one for two FLOPs")),
    (&["mac", "madds", "multiplyadds", "multadds"], Name("macs")),
    (&["parameters", "weights", "numparams"], Name("params")),
    (&["size", "resolution", "imagesize", "evalsize"], Name("at")),
];

const SUFFIXES: Words = &[(&["m", "mio", "million"], Name("M")), (&["g", "b", "billion"], Name("G"))];

/// A word without what spellings of it differ in.
pub(super) fn plain(word: &str) -> String {
    word.chars().filter(|&letter| letter != '_' && letter != '-').flat_map(char::to_lowercase).collect()
}

/// What `found` means where a `what` is expected, if it is one of others' words for something.
pub(super) fn meaning(what: &str, found: &str) -> Option<Meaning> {
    if what == HeadKind::WHAT && found.parse::<usize>().is_ok() {
        return Some(Elsewhere("write `num_features: …` for the channels of its convolution"));
    }
    let words = match what {
        "activation" => ACTIVATIONS,
        "operator" => OPERATORS,
        "setting" => SETTINGS,
        "option" => OPTIONS,
        "limit" => LIMITS,
        "suffix" => SUFFIXES,
        _ => return None,
    };
    let plain = plain(found);
    words.iter().find(|(words, _)| words.contains(&plain.as_str())).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Key, Limit, Operator, RowOption};

    /// A word that is a name already never comes here, and a meaning must be one.
    fn check<T: Named>(words: Words) {
        let is_name = |word: &str| T::NAMES.iter().any(|(name, _)| *name == word);
        for (words, meaning) in words {
            for word in *words {
                assert_eq!(*word, plain(word), "a word stands as `plain` makes it");
            }
            if let Name(name) | Like(name, _) = meaning {
                assert!(is_name(name), "`{name}` is no {}", T::WHAT);
            }
        }
    }

    #[test]
    fn every_meaning_is_a_name() {
        check::<Activation>(ACTIVATIONS);
        check::<Operator>(OPERATORS);
        check::<Key>(SETTINGS);
        check::<RowOption>(OPTIONS);
        check::<Limit>(LIMITS);
    }

    #[test]
    fn spellings_do_not_matter() {
        assert_eq!(meaning("operator", "FusedMBConv"), Some(Name("fused")));
        assert_eq!(meaning("setting", "Drop_Connect_Rate"), Some(Name("drop_path")));
        assert_eq!(meaning("activation", "leaky_relu"), Some(Known));
        assert_eq!(meaning("padding", "swish"), None);
    }
}
