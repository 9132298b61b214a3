//! The pool of compute threads.
