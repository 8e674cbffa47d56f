//! Formulas: enough of the language that people's formulas beside our rows show results.

mod eval;
mod functions;
pub mod lex;
mod parse;
pub mod rewrite;

pub use eval::Evaluator;
pub use functions::compare;
