/// Recording: which streams go to disk, under which names, and what happens to the files when they end, also after a
/// crash.
///
/// Public: [Recordings] and what it speaks of: [RecordingRequest], [ActiveRecording], [GrowingRecording],
/// [FinishedRecording], [RecordingRefusedException]; of the catalogue [RecordingQuery], [RecordingPage],
/// [RecordingEntry], [Quality], [Deletion], [CatalogueAwayException]; of parts of finished files [Cuts], [CutRange],
/// [CutRefusedException]; of many streams in one file [MultiRecordings], [MultiRecording].
///
/// A stream's reader is drained once per fragment on one of a few writer threads; each drain leaves in one write.
/// When a part ends, a finisher makes it an ordinary file, moves it into place and starts the hook. What has still to
/// be done is in a journal beside the growing file, so what runs after a crash is what runs after every recording.
@org.jspecify.annotations.NullMarked
package tapedeck.record;
