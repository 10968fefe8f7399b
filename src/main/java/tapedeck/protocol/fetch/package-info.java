/// Sources that are files, or as good as files: transport streams over TCP and UDP; TS, FLV, fragmented MP4, Matroska
/// and HLS over HTTP; files of a folder. Each is a client that the relay runs; what it fetches becomes frames in a
/// `SourceReader` and leaves at the speed of its timestamps through an `Outlet`.
///
/// Public: [SocketPull], [HttpPull], [FilePull].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.fetch;
