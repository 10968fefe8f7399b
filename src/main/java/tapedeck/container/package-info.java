/// Containers: bytes ↔ frames. No thread, socket, clock or file name in here.
///
/// Public: [Container], [Format], [Muxer], [MuxerOptions], [SizeChange], [Output], [PiecesOutput],
/// [Summary], and for finishing [FinishOptions], [IndexPlace], [FileRoom], [FrontedCopy]; one folder for
/// each format. For files of many streams: [MultiMuxer], [MemberTrack], [TrackIdentity]; to read them:
/// [DescribedTrack], [FileLines], [FileLine]. For what comes in pieces: [FrameSink], [CodedTrack],
/// [PendingBytes]; for what is read here and there: [StoredBytes].
@org.jspecify.annotations.NullMarked
package tapedeck.container;
