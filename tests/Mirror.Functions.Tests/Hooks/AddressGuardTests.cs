using System.Net;
using Mirror.Functions.Hooks;

namespace Mirror.Functions.Tests.Hooks;

/// <summary>Which addresses webhooks may reach.</summary>
public sealed class AddressGuardTests
{
    [Theory]
    [InlineData("8.8.8.8", true, true)]
    [InlineData("2606:4700::1111", true, true)]
    [InlineData("127.0.0.1", true, false)]
    [InlineData("127.8.8.8", true, false)]
    [InlineData("10.0.0.1", true, false)]
    [InlineData("172.16.0.1", true, false)]
    [InlineData("172.32.0.1", true, true)]
    [InlineData("192.168.1.1", true, false)]
    [InlineData("100.64.0.1", true, false)]
    [InlineData("::1", true, false)]
    [InlineData("fd00::1", true, false)]
    [InlineData("::ffff:10.0.0.1", true, false)]
    [InlineData("64:ff9b::a00:1", true, false)]              // NAT64 to 10.0.0.1
    [InlineData("2002:a00:1::", true, false)]                // 6to4 to 10.0.0.1
    [InlineData("169.254.169.254", false, false)]
    [InlineData("::ffff:169.254.169.254", false, false)]
    [InlineData("64:ff9b::a9fe:a9fe", false, false)]
    [InlineData("fe80::1", false, false)]
    [InlineData("0.0.0.0", false, false)]
    [InlineData("::", false, false)]
    [InlineData("224.0.0.1", false, false)]
    [InlineData("255.255.255.255", false, false)]
    [InlineData("ff02::1", false, false)]
    public void An_address_is_allowed(string address, bool withPrivate, bool without)
    {
        Assert.Equal(withPrivate, AddressGuard.IsAllowed(IPAddress.Parse(address), allowPrivate: true));
        Assert.Equal(without, AddressGuard.IsAllowed(IPAddress.Parse(address), allowPrivate: false));
    }

    [Fact]
    public async Task A_name_is_judged_by_what_it_resolves_to_when_the_connection_is_made()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var host = new DnsEndPoint("localhost", ((IPEndPoint)listener.LocalEndpoint).Port);
        await using (Stream connection = await AddressGuard.ConnectAsync(host, allowPrivate: true, default)) { Assert.True(connection.CanWrite); }
        var refused = await Assert.ThrowsAsync<HttpRequestException>(async () => await AddressGuard.ConnectAsync(host, allowPrivate: false, default));
        Assert.Contains("hooks.allow_private", refused.Message, StringComparison.Ordinal);
    }
}
