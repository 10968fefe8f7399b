/// The HTTP server: one port, one router, blocking handlers on virtual threads. Rooms add their routes to it.
///
/// [JettySocket] is public because Jetty calls it.
///
/// Public: [HttpServer], [HttpRoutes], [HttpHandler], [HttpExchange], [HttpStream], [HttpSocket], [HttpProblem],
/// [RestCalls], [Digest], [TrustedProxies], [OwnSite].
@org.jspecify.annotations.NullMarked
package tapedeck.net.http;
