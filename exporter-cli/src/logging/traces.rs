//! Traces of the runs for an OpenTelemetry collector, where the environment names one: a span
//! for each run and each half of an export, with what is logged about them as events.
//!
//! The variables are those of the OpenTelemetry specification (OTLP exporter configuration):
//! `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME` and so on.

use std::sync::OnceLock;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, SpanExporter, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// What sends the spans, until the program ends.
static SENDING: OnceLock<SdkTracerProvider> = OnceLock::new();

/// The layer that collects spans, if the environment names a collector. To be called outside
/// the runtime: spans are sent by a thread of their own.
///
/// # Errors
/// Why nothing can be sent: an address that is none, a client that cannot be set up.
pub fn layer<S>(of: Targets) -> Result<Option<impl Layer<S>>, Box<dyn std::error::Error + Send + Sync>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let named = [OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT];
    if !named.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        return Ok(None);
    }
    // Whoever came first has set the same one: there is one TLS provider in the tree.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let spans = SpanExporter::builder().with_http().with_http_client(client).build()?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource()).build();
    let tracer = provider.tracer("exporter");
    // A second call, as in tests, keeps the first.
    let _ = SENDING.set(provider);
    let spans = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false);
    Ok(Some(spans.with_filter(of)))
}

/// Who sends them: this program, unless the environment has another name for it.
fn resource() -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    match std::env::var_os("OTEL_SERVICE_NAME") {
        Some(_) => resource.build(),
        None => resource.with_service_name("exporter").build(),
    }
}

/// Sends what is left, before the program ends.
pub fn flush() {
    if let Some(provider) = SENDING.get()
        && let Err(error) = provider.shutdown()
    {
        tracing::warn!(%error, "the last traces did not reach the collector");
    }
}
