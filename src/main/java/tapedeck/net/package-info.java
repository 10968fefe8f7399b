/// What every server shares: event loops, paced reading, deadlines.
///
/// Public: [EventLoops], [BoundPorts].
@org.jspecify.annotations.NullMarked
package tapedeck.net;
