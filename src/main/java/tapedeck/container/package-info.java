/// Containers: bytes ↔ frames. No thread, socket, clock or file name in here.
///
/// Public: [Container], [Format], [CodedTrack], [Muxer], [MuxerOptions], [Output], [Summary], and for finishing
/// [FinishOptions], [IndexPlace], [FileRoom], [FrontedCopy]; one folder for each format.
@org.jspecify.annotations.NullMarked
package tapedeck.container;
