//! Integration tests of the sources: one binary, a module per subject.

mod formats_files;
mod formats_fixtures;
mod formats_round_trip;
mod pdf_corpus;
mod session_drivers;
mod session_firefox;
mod session_kept;
mod session_orphans;
mod session_packed;
mod session_routes;
mod sites;
mod stand_in;
