using System.Diagnostics;
using System.Net.Sockets;
using System.Net;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.RealTime;
using Mirror.EndToEnd.Srt;

namespace Mirror.EndToEnd.Hostile;

/// <summary>Publishers that send rubbish, flood, or vanish, beside a healthy one that must not lose a frame by it.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class HostilePublisherTests(ITestOutputHelper output)
{
    private const int PacketLength = 188;
    private const int MessageLength = 7 * PacketLength;
    private static readonly int RoundsOfEach = TestRuns.IsFull ? 20 : 3;
    private const long MemoryGrowthMiB = 150;                // of the whole process, the test's own work included

    private static readonly Dictionary<string, Action<byte[], Random>> Corruptions = new()
    {
        ["random bytes"] = static (bytes, random) => random.NextBytes(bytes),
        ["flipped bits"] = static (bytes, random) =>
        {
            for (int i = 0; i < bytes.Length / 500; i++) { bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8)); }
        },
        ["torn packets"] = static (bytes, random) =>
        {
            int at = random.Next(bytes.Length / 2);
            bytes.AsSpan(at + random.Next(1, PacketLength)).ToArray().CopyTo(bytes.AsSpan(at));
        },
        ["a flood of tables"] = static (bytes, random) =>
        {
            for (int at = 0; at + PacketLength <= bytes.Length; at += PacketLength)
            {
                byte[] table = [0x47, 0x40, (byte)(random.Next(4) == 0 ? 0x10 : 0), (byte)(0x10 | (at / PacketLength & 15)), 0, (byte)random.Next(3), 0xB0, 0x0D];
                if (random.Next(2) == 0) { table.CopyTo(bytes.AsSpan(at)); }
            }
        },
        ["absurd timestamps"] = static (bytes, random) => ForEachPes(bytes, pes => random.NextBytes(pes.Slice(9, 5))),
        ["PES packets without end or length"] = static (bytes, random) => ForEachPes(bytes, pes => pes.Slice(4, 2).Fill((byte)(random.Next(2) * 255))),
        ["PES headers longer than their packets"] = static (bytes, random) => ForEachPes(bytes, pes => pes[8] = 255),
    };

    [Fact]
    public async Task A_healthy_stream_loses_nothing_beside_hostile_ones()
    {
        await using MirrorServer server = await MirrorServer.StartAsync("--ingestion.srt.reconnect_window", "1s", "--ingestion.srt.max_connections", "10");
        string healthy = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 20 }).MakeAsync();
        byte[] media = await File.ReadAllBytesAsync(await new TestMedia("libx264", "25", 1, 2).MakeAsync());
        FrameList sent = await FrameList.DecodeAsync(healthy);
        await using Tool push = Tool.Start("ffmpeg", $"-v error -re -i {healthy} -map 0 -c copy -f mpegts", server.SrtUrl("healthy"));
        await server.WaitForPlaylistAsync("healthy");
        Task<FrameList> playing = FrameList.DecodeAsync(server.Playlist("healthy").ToString(), "-live_start_index 0");
        long before = ResidentMiB();

        var random = new Random(20261121);
        foreach ((string name, Action<byte[], Random> corrupt) in Corruptions)
        {
            for (int round = 0; round < RoundsOfEach; round++)
            {
                byte[] bytes = [.. media];
                corrupt(bytes, random);
                using SrtCaller? caller = SrtCaller.TryConnect(server.SrtPort, $"hostile{random.Next()}");
                if (caller is not null) { await SendAsync(caller, bytes); }
            }
            output.WriteLine($"{name}: {ResidentMiB() - before} MiB more");
        }
        await FloodWithCallsAsync(server.SrtPort, random);
        await VanishInHandshakesAsync(server.SrtPort, random);

        await push.ExitAsync();
        await server.WaitForStatusAsync("healthy", "degraded");
        Assert.Equal(0, (int)(await server.GetStreamAsync("healthy"))!["stats"]!["continuity_errors"]!);
        await server.StopStreamAsync("healthy");
        FrameList played = await playing;
        Assert.InRange(played.Video.Count, sent.Video.Count - 30, sent.Video.Count);
        Assert.Equal(sent.Video.Take(played.Video.Count).Select(frame => frame.Checksum), played.Video.Select(frame => frame.Checksum));
        GC.Collect();
        long growth = ResidentMiB() - before;
        output.WriteLine($"resident memory grew by {growth} MiB");
        Assert.InRange(growth, long.MinValue, MemoryGrowthMiB);
        Assert.True((await server.Client.GetAsync("health")).IsSuccessStatusCode);
    }

    /// <summary>Sends as fast as the connection takes it: 40 times real time.</summary>
    private static async Task SendAsync(SrtCaller caller, byte[] bytes)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        for (int at = 0; at + MessageLength <= bytes.Length; at += MessageLength)
        {
            if (!caller.Send(bytes.AsSpan(at, MessageLength))) { return; }
            if (at / MessageLength % 8 == 7) { await pace.WaitForNextTickAsync(); }
        }
    }

    /// <summary>A hundred callers a second, legal and not, for two seconds.</summary>
    private static async Task FloodWithCallsAsync(int port, Random random)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (int burst = 0; burst < 20; burst++)
        {
            string[] names = [.. Enumerable.Range(0, 10).Select(i => i % 3 == 0 ? "bad/name" : i % 3 == 1 ? "healthy" : $"flood{random.Next()}")];
            await Task.WhenAll(names.Select(name => Task.Run(() => SrtCaller.TryConnect(port, name)?.Dispose())));
            await pace.WaitForNextTickAsync();
        }
    }

    /// <summary>Datagrams that are no SRT, and handshakes whose caller never says another word.</summary>
    private static async Task VanishInHandshakesAsync(int port, Random random)
    {
        var target = new IPEndPoint(IPAddress.Loopback, port);
        for (int i = 0; i < 300; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            byte[] datagram = new byte[random.Next(1, 1500)];
            random.NextBytes(datagram);
            if (i % 2 == 0) { Induction(random).CopyTo(datagram = new byte[64], 0); }
            await socket.SendToAsync(datagram, target);
        }
    }

    /// <summary>The first packet of an HSv5 caller (draft-sharabayko-srt §3.2.1): control type 0, then the induction request.</summary>
    private static byte[] Induction(Random random)
    {
        byte[] packet = new byte[64];
        packet[0] = 0x80;
        packet[19] = 4;                                      // version of the induction
        packet[23] = 2;                                      // extension field: a stream
        random.NextBytes(packet.AsSpan(24, 4));
        packet[30] = 5;                                      // MTU 1500
        packet[31] = 0xDC;
        packet[39] = 1;                                      // handshake type: induction
        random.NextBytes(packet.AsSpan(40, 4));
        return packet;
    }

    private delegate void PesEdit(Span<byte> pes);

    private static void ForEachPes(byte[] bytes, PesEdit edit)
    {
        for (int at = 0; at + PacketLength <= bytes.Length; at += PacketLength)
        {
            Span<byte> packet = bytes.AsSpan(at, PacketLength);
            int payload = (packet[3] & 0x20) != 0 ? 5 + packet[4] : 4;
            if ((packet[1] & 0x40) == 0 || payload > 150 || !packet[payload..].StartsWith<byte>([0, 0, 1])) { continue; }
            edit(packet[payload..]);
        }
    }

    private static long ResidentMiB()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64 >> 20;
    }
}
