//! Models that the crate does not export, and hardly uses.

renamed::efficientnet_v2! {
    #[derive(Debug)]
    #[allow(clippy::redundant_pub_crate, reason = "`unreachable_pub` asks for what it forbids")]
    pub(crate) struct Restricted <[2, 3, 1, 1, 24, 24, fused, 0]>;
}

renamed::efficientnet_v2! {
    #[derive(Debug)]
    struct Unseen <[2, 3, 1, 1, 24, 24, fused, 0]>;
}

#[allow(clippy::redundant_pub_crate, reason = "`unreachable_pub` asks for what it forbids")]
pub(super) const UNSEEN_PARAMS: usize = Unseen::PARAMS;
