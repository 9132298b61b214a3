use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model { dropout: 0.2 }
}

fn main() {}
