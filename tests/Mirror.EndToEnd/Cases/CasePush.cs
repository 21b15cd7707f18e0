using System.Diagnostics;
using System.Text.Json.Nodes;
using Mirror.EndToEnd.Srt;

namespace Mirror.EndToEnd.Cases;

/// <summary>How a file is sent.</summary>
internal sealed record CasePace
{
    /// <summary>Bytes of one SRT message, at most 1456; need not be whole packets.</summary>
    public int MessageBytes { get; init; } = 1316;

    /// <summary>Everything that is due within this time is sent at once, as a relay does that reads HLS segments.</summary>
    public TimeSpan Burst { get; init; }

    /// <summary>When nothing is sent for <see cref="PauseFor"/>, with the connection kept open.</summary>
    public TimeSpan PauseAt { get; init; }

    /// <summary>How long.</summary>
    public TimeSpan PauseFor { get; init; }
}

/// <summary>Pushes a file over SRT byte for byte, at the pace of its clock: ffmpeg would repair it. Disposing disconnects.</summary>
internal sealed class CasePush : IAsyncDisposable
{
    private const int PayloadSizeOption = 49;
    private const int LargestMessage = 1456;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly MirrorServer _server;
    private readonly string _stream;
    private readonly SrtCaller _caller;
    private readonly CancellationTokenSource _stopping = new();
    private int _messages;
    private volatile bool _isHeld;

    private CasePush(MirrorServer server, string stream, SrtCaller caller, CaseFile file, CasePace pace)
    {
        (_server, _stream, _caller) = (server, stream, caller);
        Sent = Task.Run(() => SendAsync(file, pace, _stopping.Token));
    }

    /// <summary>Ends when the last byte was sent. The connection stays open, so that nothing of the end is lost.</summary>
    public Task Sent { get; }

    /// <summary>Starts to push <paramref name="file"/> as <paramref name="stream"/>. Where another pushed it a moment ago, it calls until the server knows that one is gone, as encoders do.</summary>
    public static CasePush Start(MirrorServer server, CaseFile file, string stream, CasePace? pace = null)
    {
        var clock = Stopwatch.StartNew();
        SrtCaller? caller;
        while ((caller = SrtCaller.TryConnect(server.SrtPort, stream, configure: AllowLargeMessages)) is null)
        {
            if (SrtCaller.LastRejection != AdmissionTests.Conflict || clock.Elapsed > Patience) { throw new InvalidOperationException($"Refused with code {SrtCaller.LastRejection}."); }
        }
        return new CasePush(server, stream, caller, file, pace ?? new CasePace());
    }

    /// <summary>Waits until the server has all of the file.</summary>
    public async Task ArrivedAsync()
    {
        await Sent;
        await Eventually.TrueAsync(async () =>
        {
            JsonNode? stats = (await _server.GetStreamAsync(_stream))?["stats"];
            return (long?)stats?["packets_received"] + (long?)stats?["packets_lost"] >= _messages;
        }, $"all of {_stream} has arrived");
    }

    /// <summary>Sends nothing more. The connection stays open.</summary>
    public void Hold() => _isHeld = true;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Sent.ContinueWith(static _ => { }, TaskScheduler.Default);
        _caller.Dispose();
        _stopping.Dispose();
    }

    private static unsafe void AllowLargeMessages(int socket)
    {
        int size = LargestMessage;
        SrtCaller.SetOption(socket, PayloadSizeOption, &size, sizeof(int));
    }

    private async Task SendAsync(CaseFile file, CasePace pace, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        for (int position = 0; position < file.Bytes.Length; position += pace.MessageBytes)
        {
            TimeSpan due = file.Due(position);
            if (pace.Burst > TimeSpan.Zero) { due = pace.Burst * Math.Floor(due / pace.Burst); }
            if (pace.PauseFor > TimeSpan.Zero && due >= pace.PauseAt) { due += pace.PauseFor; }
            TimeSpan wait = due - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero) { await Task.Delay(wait, cancellationToken); }
            if (_isHeld) { return; }
            if (!_caller.Send(file.Bytes.AsSpan(position, Math.Min(pace.MessageBytes, file.Bytes.Length - position)), pace.MessageBytes)) { throw new IOException("The connection is gone."); }
            _messages++;
        }
    }
}
