//! Integration tests of the sources: one binary, a module per subject.

mod pdf_corpus;
