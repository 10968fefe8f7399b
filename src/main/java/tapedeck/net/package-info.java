/// What every server shares: event loops, TCP connections that are read paced or at once, deadlines,
/// how often an address may guess a secret.
///
/// Public: [EventLoops], [TcpServer], [TcpClient], [Connection], [Conversation], [BoundPorts], [Attempts],
/// [Query], [Tunnel], [WrongProtocol].
@org.jspecify.annotations.NullMarked
package tapedeck.net;
