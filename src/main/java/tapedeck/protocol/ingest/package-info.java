/// Publishing without a media protocol: WebM or fragmented MP4, as `MediaRecorder` makes them in a browser, over HTTP
/// or a WebSocket to `/ingest/NAME`.
///
/// `IngestHttp` takes requests, `Ingests` knows who sends what, an `Ingest` is one of them: `ChunkOrder` puts numbered
/// pieces in order, a demuxer of the container rooms makes frames, `IngestClock` their times in the stream.
///
/// Public: [IngestHttp].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.ingest;
