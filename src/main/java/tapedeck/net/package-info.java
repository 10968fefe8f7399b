/// What every server shares: event loops, TCP connections that are read paced or at once, deadlines.
///
/// Public: [EventLoops], [TcpServer], [Connection], [Conversation], [BoundPorts].
@org.jspecify.annotations.NullMarked
package tapedeck.net;
