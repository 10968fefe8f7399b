/// The server: opens every room in order and closes it in reverse.
///
/// Public: [tapedeck.Main], the command line; [tapedeck.Server], the running server.
@org.jspecify.annotations.NullMarked
package tapedeck;
