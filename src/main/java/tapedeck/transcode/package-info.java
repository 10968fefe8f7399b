/// Sound from one codec into another, by FFmpeg, in worker processes: what a hostile packet does to native
/// code, it does not to the server.
///
/// Public: [Transcodes], which answers [tapedeck.stream.Renditions], and [TranscodeWorker], the main class of a worker.
///
/// Server side: [Transcodes] has one [WorkerSlot] a core, an [AacRendition] belongs to one of them. Worker side:
/// [TranscodeWorker] has one [SoundConverter] a stream. They speak [Wire] over standard input and output.
@org.jspecify.annotations.NullMarked
package tapedeck.transcode;
