//! Layers of the plan as nodes.

use effnet_spec::plan::{Conv, ConvKind, LayerKind, Param, Part, PooledConv, Site, SqueezeExcite, Submodule};
use effnet_spec::{Activation, Gate, Padding, Size};

use super::error::Result;
use super::graph::Graph;
use super::message::{AttributeProto, data_type};
use super::options::{Options, Weights};
use super::quantise;
use crate::infer::fold::{Folded, Source, fold};

/// Adds layers to a graph, in the order in which an image passes them.
pub(super) struct Layers<'a> {
    pub(super) graph: Graph,
    pub(super) source: &'a dyn Source,
    pub(super) padding: Padding,
    pub(super) eps: f64,
    pub(super) options: &'a Options,
    /// The size of the next layer's map, where the images' is fixed.
    pub(super) size: Option<Size>,
}

impl Layers<'_> {
    /// Adds a layer that reads the value `x`, and returns the name of its result.
    pub(super) fn layer(&mut self, site: &Site, x: &str) -> Result<String> {
        let name = &site.name();
        let y = match &site.layer.kind {
            LayerKind::Conv(conv) => {
                // The stem and depthwise convolutions have few weights, whose roundings matter most. With all of Lite0's
                // in f16, random ones, its logits were off by 3.3e-2 of their deviation, and without these by 2.0e-2.
                let narrow = conv.kind == ConvKind::Dense && site.part != Part::Stem;
                self.conv(name, conv, narrow, x)?
            }
            LayerKind::SqueezeExcite(gate) => self.squeeze_excite(name, gate, x)?,
            LayerKind::Pooled(conv) => self.pooled(name, conv, x)?,
        };
        self.size = self.size.map(|size| site.layer.output(size));
        Ok(y)
    }

    /// Adds a convolution, whose weights may be `narrow`er than f32.
    fn conv(&mut self, name: &str, conv: &Conv, narrow: bool, x: &str) -> Result<String> {
        let [(module, weight), norm @ ..] = conv.params();
        let node = format!("{name}.{}", module.name());
        let mut attributes = vec![
            AttributeProto::ints("kernel_shape", &[conv.kernel; 2]),
            AttributeProto::ints("strides", &[conv.stride; 2]),
            self.pads(conv),
        ];
        if conv.kind == ConvKind::Depthwise {
            attributes.push(AttributeProto::int("group", conv.out_channels));
        }
        let weight_name = module.name_of(name, &weight);
        let x = &match &self.options.weights {
            Weights::Int8(ranges) if narrow => quantise::input(&mut self.graph, name, x, ranges.of(name)?),
            _ => x.to_owned(),
        };
        let y = if self.options.keep_batch_norm {
            let values = self.source.read(&weight_name, weight.elements())?;
            let weight = self.conv_weight(&weight_name, &weight.shape, &values, narrow)?;
            let y = self.graph.node("Conv", &node, &[x, &weight], attributes);
            self.norm(name, &norm, &y)?
        } else {
            let Folded { weight: values, bias } = fold(self.source, (name, conv), self.eps)?;
            let weight = self.conv_weight(&weight_name, &weight.shape, &values, narrow)?;
            let bias_name = format!("{node}.bias");
            self.graph.floats(&bias_name, &[bias.len()], &bias);
            self.graph.node("Conv", &node, &[x, &weight, &bias_name], attributes)
        };
        Ok(self.activation(name, conv.activation, y))
    }

    /// Zeros around a convolution's map: as numbers, except where they depend on a size that is free.
    fn pads(&self, conv: &Conv) -> AttributeProto {
        let pads = |size: Size| {
            let [height, width] =
                [size.height, size.width].map(|side| self.padding.pads(side, conv.kernel, conv.stride));
            AttributeProto::ints("pads", &[height.0, width.0, height.1, width.1])
        };
        match self.size {
            Some(size) => pads(size),
            // At stride 1 and for a kernel of one pixel they are the same for all sizes.
            None if self.padding == Padding::Symmetric || conv.stride == 1 || conv.kernel == 1 => {
                pads(Size::square(conv.kernel))
            }
            None => AttributeProto::string("auto_pad", "SAME_UPPER"),
        }
    }

    fn norm(&mut self, name: &str, params: &[(Submodule, Param)], x: &str) -> Result<String> {
        let mut inputs = vec![x.to_owned()];
        for (module, param) in params {
            let param_name = module.name_of(name, param);
            let values = self.source.read(&param_name, param.elements())?;
            self.graph.floats(&param_name, &param.shape, &values);
            inputs.push(param_name);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let eps = vec![AttributeProto::float("epsilon", self.eps as f32)];
        let node = format!("{name}.{}", Submodule::Norm.name());
        Ok(self.graph.node("BatchNormalization", &node, &inputs, eps))
    }

    fn squeeze_excite(&mut self, name: &str, layer: &SqueezeExcite, x: &str) -> Result<String> {
        let [reduce, reduce_bias, expand, expand_bias] = layer.params();
        let mean = self.graph.node("GlobalAveragePool", &format!("{name}.mean"), &[x], Vec::new());
        let squeezed = self.pixel_conv(name, &mean, &reduce, Some(&reduce_bias))?;
        let squeezed = self.activation(&squeezed.clone(), Some(layer.activation), squeezed);
        let expanded = self.pixel_conv(name, &squeezed, &expand, Some(&expand_bias))?;
        let node = format!("{name}.gate");
        let gate = match layer.gate {
            Gate::Sigmoid => self.graph.node("Sigmoid", &node, &[&expanded], Vec::new()),
            Gate::HardSigmoid => {
                let line = vec![AttributeProto::float("alpha", 1.0 / 6.0), AttributeProto::float("beta", 0.5)];
                self.graph.node("HardSigmoid", &node, &[&expanded], line)
            }
        };
        Ok(self.graph.node("Mul", name, &[x, &gate], Vec::new()))
    }

    fn pooled(&mut self, name: &str, layer: &PooledConv, x: &str) -> Result<String> {
        let mean = self.graph.node("GlobalAveragePool", &format!("{name}.mean"), &[x], Vec::new());
        let params = layer.params();
        let y = self.pixel_conv(name, &mean, &params[0], params.get(1))?;
        Ok(self.activation(name, Some(layer.activation), y))
    }

    /// A 1×1 convolution of one pixel.
    fn pixel_conv(
        &mut self,
        layer: &str,
        x: &str,
        (module, weight): &(Submodule, Param),
        bias: Option<&(Submodule, Param)>,
    ) -> Result<String> {
        let name = module.name_of(layer, weight);
        let values = self.source.read(&name, weight.elements())?;
        let mut inputs = vec![x.to_owned(), self.weight(&name, &weight.shape, &values, true)?];
        if let Some((module, bias)) = bias {
            let name = module.name_of(layer, bias);
            let values = self.source.read(&name, bias.elements())?;
            self.graph.floats(&name, &bias.shape, &values);
            inputs.push(name);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let kernel = vec![AttributeProto::ints("kernel_shape", &[1, 1])];
        Ok(self.graph.node("Conv", &format!("{layer}.{}", module.name()), &inputs, kernel))
    }

    /// The activation of the value `x`; `name` is that of its layer.
    fn activation(&mut self, name: &str, activation: Option<Activation>, x: String) -> String {
        let (node, graph) = (format!("{name}.act"), &mut self.graph);
        match activation {
            None => x,
            Some(Activation::Silu) => {
                let gate = graph.node("Sigmoid", &format!("{name}.sigmoid"), &[&x], Vec::new());
                graph.node("Mul", &node, &[&x, &gate], Vec::new())
            }
            Some(Activation::Relu) => graph.node("Relu", &node, &[&x], Vec::new()),
            Some(Activation::Relu6) => {
                let bounds = [graph.number(0.0), graph.number(6.0)];
                graph.node("Clip", &node, &[&x, &bounds[0], &bounds[1]], Vec::new())
            }
            Some(Activation::HardSwish) => graph.node("HardSwish", &node, &[&x], Vec::new()),
        }
    }

    /// Adds a convolution's weight: as any other, or in int8.
    fn conv_weight(&mut self, name: &str, shape: &[usize], values: &[f32], narrow: bool) -> Result<String> {
        match self.options.weights {
            Weights::Int8(_) if narrow => Ok(quantise::weight(&mut self.graph, name, shape, values)),
            _ => self.weight(name, shape, values, narrow),
        }
    }

    /// Adds a weight of this shape, in f16 if the options say so and it may be `narrow`, and returns the name of its f32
    /// values.
    pub(super) fn weight(&mut self, name: &str, shape: &[usize], values: &[f32], narrow: bool) -> Result<String> {
        match self.options.weights {
            Weights::F16 if narrow => {
                self.graph.halves(name, shape, values)?;
                let to = vec![AttributeProto::int("to", data_type::FLOAT as usize)];
                Ok(self.graph.node("Cast", &format!("{name}.f32"), &[name], to))
            }
            _ => {
                self.graph.floats(name, shape, values);
                Ok(name.to_owned())
            }
        }
    }
}
