// What a stage takes is what the one before it puts out, and its blocks likewise.
use effnet_runtime::__private::{FusedMbConv, MbConv, Stage, Stem};

struct Blocks {
    _pair: Stage<(FusedMbConv<24, 96, 0, 48, 3, 2>, MbConv<64, 256, 0, 64, 3, 1>)>,
    _array: Stage<[MbConv<48, 192, 0, 64, 3, 1>; 3]>,
}

fn stages(stem: &Stem<3, 24>, stage: &Stage<MbConv<32, 128, 0, 48, 3, 1>>) {
    let _ = stem.then(stage);
}

fn main() {
    let _ = (stages, |blocks: Blocks| blocks);
}
