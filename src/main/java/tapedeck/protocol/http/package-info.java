/// Playing a live stream over plain HTTP, as one answer that goes on as long as the stream: `/live/NAME.flv` and its
/// kind. All players of a stream in one format share one reader, one muxer and one log of what it wrote; a player is a
/// place in that log.
///
/// HLS is cut once for all players of a name, while somebody asks for it: `HlsSource` reads, `HlsSegmenter` cuts,
/// `HlsWindow` keeps the last segments and writes the playlist.
///
/// All of this together keeps no more than [KeptBytes] allows.
///
/// Public: [LiveHttp], [HlsHttp], [KeptBytes].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.http;
