using System.Diagnostics;
using System.Globalization;

namespace Mirror.LocalCluster;

/// <summary>An encoder that pushes a test pattern with sound, and calls the next ingest node whenever its connection is lost, as encoders behind a load balancer do.</summary>
public sealed class TestEncoder : IAsyncDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(300);
    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyList<int> _ports;
    private readonly string _source;
    private readonly Task _running;
    private int _turn;
    private volatile int _processId;

    /// <summary>Begins to push.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="srtPorts">UDP ports of the ingest nodes, in the order in which they are called.</param>
    /// <param name="size">Size of the picture, such as <c>640x360</c>.</param>
    /// <param name="framesPerSecond">Frame rate; a key frame comes every half second.</param>
    public TestEncoder(string stream, IReadOnlyList<int> srtPorts, string size, int framesPerSecond)
    {
        ArgumentNullException.ThrowIfNull(srtPorts);
        Stream = stream;
        _ports = srtPorts;
        int gop = framesPerSecond / 2;
        _source = string.Create(CultureInfo.InvariantCulture, $"-re -f lavfi -i testsrc2=size={size}:rate={framesPerSecond} -re -f lavfi -i sine=frequency=330:beep_factor=2:sample_rate=48000 ")
            + $"-pix_fmt yuv420p -c:v libx264 -preset ultrafast -tune zerolatency -g {gop} -keyint_min {gop} -sc_threshold 0 -b:v 800k -maxrate 800k -bufsize 400k -c:a aac -b:a 96k -ac 2 "
            + "-f mpegts -muxdelay 0 -muxpreload 0 -flush_packets 1";
        _running = RunAsync();
    }

    /// <summary>The stream.</summary>
    public string Stream { get; }

    /// <summary>Times that it called an ingest node.</summary>
    public int Calls { get; private set; }

    /// <summary>Whether it was not ended.</summary>
    public bool IsPushing => !_running.IsCompleted;

    /// <summary>Ends it; a second time does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_running.IsCompleted) { return; }
        await _stop.CancelAsync();
        if (_processId != 0) { NativeProcess.Send(_processId, Signal.Kill); }
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            int port = _ports[_turn++ % _ports.Count];
            Calls++;
            var start = new ProcessStartInfo("ffmpeg") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true };
            foreach (string word in $"-loglevel fatal -nostdin {_source}".Split(' ')) { start.ArgumentList.Add(word); }
            start.ArgumentList.Add($"srt://127.0.0.1:{port}?streamid={Stream}&latency=120000&pkt_size=1316&connect_timeout=1000");
            using Process process = Process.Start(start)!;
            _processId = process.Id;
            if (_stop.IsCancellationRequested) { NativeProcess.Send(process.Id, Signal.Kill); }
            await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            _processId = 0;
            await Task.Delay(RetryInterval, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
