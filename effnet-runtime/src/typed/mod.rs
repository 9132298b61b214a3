//! Layers whose type carries their channel counts.
