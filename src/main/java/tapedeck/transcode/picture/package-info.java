/// Pictures by FFmpeg, only in a worker process: what a hostile packet does to native code, it does not to the server.
///
/// Public: [PictureSource] decodes a track, a [Tile] scales its picture, a [Canvas] holds the tiles, a [PictureEncoder]
/// encodes it; an [Area] is where things stand, an [Overlay] what is drawn over them.
@org.jspecify.annotations.NullMarked
package tapedeck.transcode.picture;
