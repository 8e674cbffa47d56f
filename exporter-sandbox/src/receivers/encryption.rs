//! The stand-ins' certificate: for `localhost`, of an authority that nobody knows unless told.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// The authority's certificate in PEM, for whoever is to trust it.
pub const AUTHORITY: &str = include_str!("tls/authority.pem");

/// When a conversation becomes private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Never.
    None,
    /// When the client asks for it, which it has to (RFC 3207).
    StartTls,
    /// From its first byte (RFC 8314).
    Implicit,
}

/// Takes encrypted connections in the name of `localhost`.
pub(super) fn acceptor() -> io::Result<TlsAcceptor> {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/localhost.pem"));
    // No secret: it serves tests on loopback, and its authority signs nothing else.
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/localhost-key.pem"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.map_err(io::Error::other)?], key.map_err(io::Error::other)?)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
