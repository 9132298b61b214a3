use candle_core::{Device, Tensor};
use effnet_spec::{Spec, grammar};

use super::message::{AttributeProto, Dimension, data_type};
use super::{Error, Onnx, Options, Ranges, Similarity, Weights, calibrate};
use crate::infer::Engine;
use crate::infer::tests::{images, perturbed};
use crate::weights::{Metadata, WeightsFile, save};
use crate::{DynamicModel, Network, Params, Pass, Precision};

/// One layer of each kind, and a shortcut.
const TABLE: &str = "< [1, 3, 1, 1, 8, 8, mbconv, 0.25], [1, 5, 2, 2, 8, 12, fused, 0] >";

fn spec(settings: &str) -> Spec {
    grammar::parse_table("Small", &format!("{TABLE} {{ {settings} }}"))
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

fn network(settings: &str, classes: usize) -> DynamicModel {
    let network = DynamicModel::from_spec(&spec(settings), classes, Params::new(5).builder());
    network.and_then(perturbed).unwrap_or_else(|error| panic!("{error}"))
}

fn about(network: &dyn Network) -> Metadata {
    Metadata::of(network, "small", &["cat", "dog"].map(str::to_owned))
}

fn onnx(settings: &str, options: &Options) -> Onnx {
    let network = network(settings, 2);
    Onnx::new(&network, &about(&network), options).unwrap_or_else(|error| panic!("{error}"))
}

fn value(attribute: &AttributeProto) -> String {
    let AttributeProto { name, f, i, s, ints, .. } = attribute;
    let value = match (f, i, s) {
        (Some(f), ..) => f.to_string(),
        (_, Some(i), _) => i.to_string(),
        (.., Some(s)) => String::from_utf8_lossy(s).into_owned(),
        _ => format!("{ints:?}"),
    };
    format!(" {name}={value}")
}

/// Input, nodes and output, a line each.
fn text(onnx: &Onnx) -> String {
    let side = |side: &Dimension| match (&side.dim_param, side.dim_value) {
        (Some(name), None) => name.clone(),
        (None, Some(number)) => number.to_string(),
        _ => "?".to_owned(),
    };
    let ends = |ends: &[super::message::ValueInfoProto]| {
        let [end] = ends else { panic!("{ends:?}") };
        let of = end.r#type.as_ref().and_then(|of| of.tensor_type.as_ref()).expect("a type");
        let sides = of.shape.as_ref().map(|shape| shape.dim.iter().map(side).collect::<Vec<_>>().join(" "));
        format!("{}: {} [{}]\n", end.name, of.elem_type, sides.unwrap_or_default())
    };
    let node = |node: &super::message::NodeProto| {
        let attributes: String = node.attribute.iter().map(value).collect();
        assert!(node.output == [node.name.clone()] || node.output == [onnx.graph.output[0].name.clone()], "{node:?}");
        format!("{} = {}({}){attributes}\n", node.output[0], node.op_type, node.input.join(", "))
    };
    let nodes: String = onnx.graph.node.iter().map(node).collect();
    format!("{}{nodes}{}", ends(&onnx.graph.input), ends(&onnx.graph.output))
}

#[test]
fn a_graph_has_a_node_for_each_step_and_our_names() {
    let wanted = "\
images: 1 [N 3 H W]
stem.conv = Conv(images, stem.conv.weight, stem.conv.bias) kernel_shape=[3, 3] strides=[2, 2] auto_pad=SAME_UPPER
stem.sigmoid = Sigmoid(stem.conv)
stem.act = Mul(stem.conv, stem.sigmoid)
blocks.0.dwconv.conv = Conv(stem.act, blocks.0.dwconv.conv.weight, blocks.0.dwconv.conv.bias) kernel_shape=[3, 3] strides=[1, 1] pads=[1, 1, 1, 1] group=8
blocks.0.dwconv.sigmoid = Sigmoid(blocks.0.dwconv.conv)
blocks.0.dwconv.act = Mul(blocks.0.dwconv.conv, blocks.0.dwconv.sigmoid)
blocks.0.se.mean = GlobalAveragePool(blocks.0.dwconv.act)
blocks.0.se.conv_reduce = Conv(blocks.0.se.mean, blocks.0.se.conv_reduce.weight, blocks.0.se.conv_reduce.bias) kernel_shape=[1, 1]
blocks.0.se.conv_reduce.sigmoid = Sigmoid(blocks.0.se.conv_reduce)
blocks.0.se.conv_reduce.act = Mul(blocks.0.se.conv_reduce, blocks.0.se.conv_reduce.sigmoid)
blocks.0.se.conv_expand = Conv(blocks.0.se.conv_reduce.act, blocks.0.se.conv_expand.weight, blocks.0.se.conv_expand.bias) kernel_shape=[1, 1]
blocks.0.se.gate = Sigmoid(blocks.0.se.conv_expand)
blocks.0.se = Mul(blocks.0.dwconv.act, blocks.0.se.gate)
blocks.0.project_conv.conv = Conv(blocks.0.se, blocks.0.project_conv.conv.weight, blocks.0.project_conv.conv.bias) kernel_shape=[1, 1] strides=[1, 1] pads=[0, 0, 0, 0]
blocks.0.add = Add(blocks.0.project_conv.conv, stem.act)
blocks.1.expand_conv.conv = Conv(blocks.0.add, blocks.1.expand_conv.conv.weight, blocks.1.expand_conv.conv.bias) kernel_shape=[5, 5] strides=[2, 2] auto_pad=SAME_UPPER
blocks.1.expand_conv.sigmoid = Sigmoid(blocks.1.expand_conv.conv)
blocks.1.expand_conv.act = Mul(blocks.1.expand_conv.conv, blocks.1.expand_conv.sigmoid)
blocks.1.project_conv.conv = Conv(blocks.1.expand_conv.act, blocks.1.project_conv.conv.weight, blocks.1.project_conv.conv.bias) kernel_shape=[1, 1] strides=[1, 1] pads=[0, 0, 0, 0]
head.project_conv.conv = Conv(blocks.1.project_conv.conv, head.project_conv.conv.weight, head.project_conv.conv.bias) kernel_shape=[1, 1] strides=[1, 1] pads=[0, 0, 0, 0]
head.project_conv.sigmoid = Sigmoid(head.project_conv.conv)
head.project_conv.act = Mul(head.project_conv.conv, head.project_conv.sigmoid)
head.mean = GlobalAveragePool(head.project_conv.act)
head.flatten = Flatten(head.mean)
logits = Gemm(head.flatten, head.classifier.weight, head.classifier.bias) transB=1
logits: 1 [N 2]
";
    assert_eq!(text(&onnx("num_features: 16, padding: same", &Options::default())), wanted);
}

#[test]
fn pads_are_numbers_where_the_size_is_known_or_no_matter() {
    let first = |settings: &str, size| {
        let lines = text(&onnx(settings, &Options { size, ..Options::default() }));
        lines.lines().filter(|line| line.contains("strides=[2, 2]")).map(str::to_owned).collect::<Vec<_>>()
    };
    for (settings, size, pads) in [
        ("padding: same", Some(64), ["pads=[0, 0, 1, 1]", "pads=[1, 1, 2, 2]"]),
        ("padding: same", Some(65), ["pads=[1, 1, 1, 1]", "pads=[2, 2, 2, 2]"]),
        ("padding: same", None, ["auto_pad=SAME_UPPER"; 2]),
        ("padding: same, stem_kernel: 1", None, ["pads=[0, 0, 0, 0]", "auto_pad=SAME_UPPER"]),
        ("padding: symmetric", None, ["pads=[1, 1, 1, 1]", "pads=[2, 2, 2, 2]"]),
        ("padding: symmetric", Some(64), ["pads=[1, 1, 1, 1]", "pads=[2, 2, 2, 2]"]),
    ] {
        let lines = first(settings, size);
        assert!(lines[0].ends_with(pads[0]) && lines[1].ends_with(pads[1]), "{settings} at {size:?}: {lines:?}");
    }
}

#[test]
fn options_change_what_they_say() {
    let preprocess =
        text(&onnx("", &Options { preprocess: true, batch: Some(4), size: Some(32), ..Options::default() }));
    let wanted = "\
images: 2 [4 32 32 3]
images.float = Cast(images) to=1
images.nchw = Transpose(images.float) perm=[0, 3, 1, 2]
images.scaled = Mul(images.nchw, images.scale)
images.normalised = Add(images.scaled, images.shift)
stem.conv = Conv(images.normalised, ";
    assert!(preprocess.starts_with(wanted), "{preprocess}");
    assert!(preprocess.ends_with("\nlogits: 1 [4 2]\n"), "{preprocess}");

    let kept = text(&onnx("", &Options { keep_batch_norm: true, ..Options::default() }));
    let wanted = "
stem.conv = Conv(images, stem.conv.weight) kernel_shape=[3, 3] strides=[2, 2] pads=[1, 1, 1, 1]
stem.bn = BatchNormalization(stem.conv, stem.bn.weight, stem.bn.bias, stem.bn.running_mean, stem.bn.running_var) epsilon=0.001
stem.sigmoid = Sigmoid(stem.bn)
";
    assert!(kept.contains(wanted), "{kept}");

    let halves = onnx("", &Options { weights: Weights::F16, ..Options::default() });
    let wanted = "
blocks.1.expand_conv.conv.weight.f32 = Cast(blocks.1.expand_conv.conv.weight) to=1
blocks.1.expand_conv.conv = Conv(blocks.0.add, blocks.1.expand_conv.conv.weight.f32, blocks.1.expand_conv.conv.bias) ";
    assert!(text(&halves).contains(wanted), "{}", text(&halves));
    for constant in &halves.graph.initializer {
        let wide = constant.dims.len() == 1
            || ["stem.conv.weight", "blocks.0.dwconv.conv.weight"].contains(&&constant.name[..]);
        let wanted = if wide { data_type::FLOAT } else { data_type::FLOAT16 };
        assert_eq!(constant.data_type, wanted, "{}", constant.name);
    }

    for (settings, classes, end) in [
        (
            "head: none",
            0,
            "head.mean = GlobalAveragePool(blocks.1.project_conv.conv)\nembeddings = Flatten(head.mean)\nembeddings: 1 [N 12]\n",
        ),
        (
            "head: pooled, num_features: 20, head_bias: false, activation: relu6",
            0,
            "\
head.project_conv.mean = GlobalAveragePool(blocks.1.project_conv.conv)
head.project_conv.conv = Conv(head.project_conv.mean, head.project_conv.conv.weight) kernel_shape=[1, 1]
head.project_conv.act = Clip(head.project_conv.conv, number.0, number.6)
embeddings = Flatten(head.project_conv.act)
embeddings: 1 [N 20]
",
        ),
    ] {
        let network = network(settings, classes);
        let onnx = Onnx::new(&network, &about(&network), &Options::default()).expect("exported");
        let text = text(&onnx);
        assert!(text.ends_with(end), "{text}");
        onnx.check(&Engine::new(&network, &Default::default()).expect("an engine")).expect("equal");
    }
}

#[test]
fn a_file_reads_back_and_says_all_that_prediction_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("small.onnx");
    let network = network("num_features: 16", 2);
    let about = Metadata { training: Some(3.into()), ..about(&network) };
    let options = Options { size: Some(48), ..Options::default() };
    let written = Onnx::new(&network, &about, &options).expect("exported");
    written.save(&path).expect("written");
    let read = Onnx::read(&path).expect("read");
    assert!(read == written);
    assert_eq!(read.metadata().expect("metadata"), Metadata { training: None, ..about });
    let property = |key: &str| {
        let found: Vec<_> = read.model.metadata_props.iter().filter(|entry| entry.key == key).collect();
        assert_eq!(found.len(), 1, "{key}");
        found[0].value.clone()
    };
    for (key, value) in [
        ("labels", r#"["cat","dog"]"#),
        ("mean", "[0.5]"),
        ("std", "[0.5]"),
        ("size", "48"),
        ("crop", "1.0"),
        ("fit", "crop"),
        ("interpolation", "bicubic"),
    ] {
        assert_eq!(property(key), value, "{key}");
    }
    let dialect = serde_json::from_str::<crate::Dialect>(&property("dialect")).expect("a dialect");
    assert_eq!(&dialect, network.dialect());

    // The file is as large as its weights, but for names and nodes.
    let names = read.graph.initializer.iter().map(|tensor| tensor.name.len() + tensor.raw_data.len()).sum::<usize>();
    let length = std::fs::metadata(&path).expect("there").len() as usize;
    assert!(length > names && length < names + 10_000, "{length} bytes for {names}");

    let images = images(2, 48, 48).expect("images");
    let expected = network.run(&images, &Pass::Eval(Precision::F32)).expect("logits");
    let difference = (read.run(&images).expect("logits") - expected)
        .and_then(|difference| difference.abs()?.max_all()?.to_scalar::<f32>());
    assert!(difference.expect("a number") < 1e-4);
}

#[test]
fn a_weights_file_and_its_network_make_the_same_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("small.safetensors");
    let network = network("num_features: 16", 2);
    save(&path, network.params().all(), &about(&network)).expect("saved");
    let file = WeightsFile::open(&path).expect("opened");
    let about = file.metadata().expect("metadata").clone();
    let of_file = Onnx::open(&file, &about, &Options::default()).expect("exported");
    assert!(of_file == Onnx::new(&network, &about, &Options::default()).expect("exported"));
}

#[test]
fn faults_are_told() {
    let network = network("num_features: 16", 2);
    let export = |options| Onnx::new(&network, &about(&network), &options).map_err(|error| error.to_string());
    for options in [Options { size: Some(0), ..Options::default() }, Options { batch: Some(0), ..Options::default() }] {
        assert!(export(options).expect_err("no images").contains("above 0"));
    }
    let fixed = export(Options { size: Some(32), ..Options::default() }).expect("exported");
    let said = fixed.run(&images(1, 33, 32).expect("images")).expect_err("another size").to_string();
    assert!(said.contains("it takes images of [any, 3, 32, 32], and was given [1, 3, 33, 32]"), "{said}");

    // A file whose weights are not the engine's.
    let other = self::network("num_features: 16, stem_kernel: 5", 2);
    let engine = Engine::new(&other, &Default::default()).expect("an engine");
    let error = fixed.check(&engine).expect_err("they differ");
    assert!(matches!(error, Error::Differs { error, tolerance: 1e-4 } if error > 1e-2), "{error}");

    let weight = network.params().get("blocks.1.expand_conv.conv.weight").expect("a weight");
    let huge = Tensor::full(1e6f32, weight.shape(), &Device::Cpu).expect("a tensor");
    weight.set(&huge).expect("set");
    let error = export(Options { weights: Weights::F16, ..Options::default() }).expect_err("too large");
    assert!(error.contains("`blocks.1.expand_conv.conv.weight` has a value beyond 65504"), "{error}");

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("no.onnx");
    let told = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("written");
        Onnx::read(&path).expect_err("no ONNX file").to_string()
    };
    assert!(told(b"").contains("it has no graph"));
    assert!(told(b"no protocol buffer").contains("no ONNX file as effnet writes them"));
    assert!(matches!(Onnx::read(folder.path().join("none.onnx")), Err(Error::Unreadable { .. })));
    assert!(matches!(fixed.save(folder.path().join("none/small.onnx")), Err(Error::Unwritable { .. })));
}

/// In int8 each dense convolution reads rounded values and multiplies rounded weights, and nothing else does.
#[test]
fn int8_rounds_what_dense_convolutions_multiply() {
    let network = network("num_features: 16", 10);
    let about = about(&network);
    let export = |options| Onnx::new(&network, &about, &options);
    let plain = export(Options::default()).expect("exported");
    let batches = || (0..4).map(|at| Ok::<_, Error>(images(2, 40 + at, 36).expect("images")));
    let ranges = calibrate(&plain, batches()).expect("calibrated");
    let int8 = Weights::Int8(ranges);
    let onnx = export(Options { weights: int8.clone(), ..Options::default() }).expect("exported");
    let text = text(&onnx);
    let rounded: Vec<&str> = text.lines().filter(|line| line.contains(" = QuantizeLinear(")).collect();
    let wanted = |layer: &str, x: &str| {
        format!("{layer}.input.quantised = QuantizeLinear({x}, {layer}.input.scale, {layer}.input.zero_point)")
    };
    assert_eq!(
        rounded,
        [
            wanted("blocks.0.project_conv", "blocks.0.se"),
            wanted("blocks.1.expand_conv", "blocks.0.add"),
            wanted("blocks.1.project_conv", "blocks.1.expand_conv.act"),
            wanted("head.project_conv", "blocks.1.project_conv.conv"),
        ]
    );
    assert_eq!(text.matches(" = DequantizeLinear(").count(), 2 * rounded.len());
    // The shortcut is of what was not rounded.
    assert!(text.contains("blocks.0.add = Add(blocks.0.project_conv.conv, stem.act)"), "{text}");
    for constant in &onnx.graph.initializer {
        let dense = rounded.iter().any(|line| {
            let layer = line.split(".input.").next().unwrap_or_default();
            constant.name == format!("{layer}.conv.weight")
        });
        let is_wide = [data_type::FLOAT, data_type::FLOAT16].contains(&constant.data_type);
        assert!(dense != is_wide || constant.name.ends_with("zero_point"), "{}", constant.name);
    }

    let engine = Engine::new(&network, &Default::default()).expect("an engine");
    let ones = || batches().map(|images| Ok::<_, Error>(images?.narrow(0, 0, 1)?));
    for options in [
        Options { weights: int8.clone(), ..Options::default() },
        Options { weights: int8, keep_batch_norm: true, batch: Some(3), ..Options::default() },
    ] {
        let onnx = export(options).expect("exported");
        let Similarity { images, correlation, .. } = onnx.compare(&engine, ones()).expect("compared");
        assert!(images == 4 && (0.99..0.999_999_9).contains(&correlation), "{correlation}");
        assert!(matches!(onnx.check(&engine), Err(Error::NeedsImages)));
    }
    let unknown = export(Options { weights: Weights::Int8(Ranges::default()), ..Options::default() });
    assert!(unknown.expect_err("no ranges").to_string().contains("what `blocks.0.project_conv` reads"));
    assert!(matches!(onnx.compare(&engine, [] as [Result<_, Error>; 0]), Err(Error::NoImages)));
}
