namespace Mirror.ServiceDefaults.Configuration;

/// <summary>A setting as it was written, and where.</summary>
/// <param name="Text">The value.</param>
/// <param name="Origin">Where it stands, for messages: <c>configs/mirror.yaml line 12</c>, <c>MIRROR_SERVER_HTTP_PORT</c>, <c>--server.http_port</c>.</param>
internal readonly record struct SettingValue(string Text, string Origin);
