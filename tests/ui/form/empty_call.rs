use effnet_runtime::efficientnet_v2;

efficientnet_v2! {}

fn main() {}
