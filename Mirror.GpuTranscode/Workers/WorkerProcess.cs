using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>A worker process that has loaded its libraries and listens: the process and the socket to it.</summary>
internal sealed partial class WorkerProcess : IAsyncDisposable
{
    private const int Backlog = 8;
    private const int ReaderStack = 128 * 1024;
    private const int LongestLine = 500;
    private const int MostLoggedLines = 50;                  // of one process; a decoder may complain about every picture
    private const int SignalExitCode = 128;                  // an exit code above it is that and the signal's number
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(20);   // takes 0.2 s on an idle machine
    private static readonly TimeSpan LongestExit = TimeSpan.FromSeconds(2);     // of a killed process; a GPU driver may hold it longer
    private static readonly Dictionary<int, string> Signals = new()
    {
        [4] = "SIGILL",
        [6] = "SIGABRT",
        [7] = "SIGBUS",
        [8] = "SIGFPE",
        [9] = "SIGKILL",
        [11] = "SIGSEGV",
        [15] = "SIGTERM",
        [31] = "SIGSYS",
    };

    private readonly Process _process;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _outputEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _lastLine;
    private int _exitCode;
    private int _disposed;
    private Socket? _socket;

    private WorkerProcess(Process process, ILogger logger)
    {
        _process = process;
        _logger = logger;
        Id = process.Id;
        Meter = new ProcessMeter(Id);
        Exited = WaitForExitAsync();
        process.StandardInput.Close();
        new Thread(ReadOutput, ReaderStack) { IsBackground = true, Name = "worker output" }.Start();
    }

    public int Id { get; }

    /// <summary>Ends when the process has ended and its exit status was taken.</summary>
    public Task Exited { get; }

    public ProcessMeter Meter { get; }

    public Socket Socket => _socket!;

    public WorkerMessageReader Reader { get; } = new();

    /// <summary>Starts a worker process and waits until it is ready.</summary>
    /// <exception cref="WorkerStartException">It did not become ready.</exception>
    public static async Task<WorkerProcess> StartAsync(WorkerCommand command, ILogger logger, CancellationToken cancellationToken)
    {
        string name = "mirror-worker-" + Guid.NewGuid().ToString("N");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint('\0' + name));   // abstract: no file, and nobody's permissions
        listener.Listen(Backlog);
        Process process = await command.StartAsync(name);
        var worker = new WorkerProcess(process, logger);
        try
        {
            await worker.BecomeReadyAsync(listener, cancellationToken);
            return worker;
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a whole message.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        while (!message.IsEmpty) { message = message[await Socket.SendAsync(message, SocketFlags.None, cancellationToken)..]; }
    }

    /// <summary>Receives until a message is whole, for the exchanges before and beside a ladder.</summary>
    /// <returns>False when the worker closed the connection, or sent what is no message.</returns>
    public async ValueTask<bool> ReceiveAsync(WorkerMessageType type, Action<MediaBuffer> take, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryFind(type, take)) { return true; }
            if (Reader.IsCorrupt) { return false; }
            int count = await Socket.ReceiveAsync(Reader.GetMemory(), SocketFlags.None, cancellationToken);
            if (count == 0) { return false; }
            Reader.Advance(count);
        }
    }

    /// <summary>How it ended, in a sentence; to be asked once it is being ended or was.</summary>
    public async Task<string> DescribeExitAsync()
    {
        try { await Task.WhenAll(Exited, _outputEnded.Task).WaitAsync(LongestExit); }
        catch (TimeoutException) { return "The worker process closed its connection."; }
        int code = _exitCode;
        string how = code <= SignalExitCode ? $"with exit code {code}" : $"by signal {Signals.GetValueOrDefault(code - SignalExitCode, (code - SignalExitCode).ToString())}";
        return _lastLine is { } last ? $"The worker process ended {how}: {last}" : $"The worker process ended {how}.";
    }

    /// <summary>Kills the process, which has nothing to lose, and takes its exit status.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) { return; }
        _socket?.Dispose();
        _process.Kill();                                     // does nothing once its status was taken
        Task end = EndAsync();
        await Task.WhenAny(end, Task.Delay(LongestExit));
    }

    private async Task WaitForExitAsync()
    {
        await _process.WaitForExitAsync();
        _exitCode = _process.ExitCode;
    }

    private async Task EndAsync()
    {
        await Exited;
        await _outputEnded.Task;
        Meter.Dispose();
        Reader.Dispose();
        _process.StandardError.Dispose();                    // which the next line leaves open
        _process.Dispose();
    }

    private async Task BecomeReadyAsync(Socket listener, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestStart);
        Task ready = ConnectAsync(listener, limit.Token);
        if (await Task.WhenAny(ready, Exited) != ready)
        {
            await limit.CancelAsync();
            await ready.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw new WorkerStartException(await DescribeExitAsync());
        }
        try { await ready; }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WorkerStartException($"The worker process was not ready within {LongestStart.TotalSeconds} s.", error);
        }
        catch (SocketException error) { throw new WorkerStartException(await DescribeExitAsync(), error); }
    }

    private async Task ConnectAsync(Socket listener, CancellationToken cancellationToken)
    {
        while (_socket is null)
        {
            Socket connection = await listener.AcceptAsync(cancellationToken);
            if (LinuxProcess.PeerOf(connection) == Id) { _socket = connection; }
            else { connection.Dispose(); }                   // any process may connect to an abstract name
        }
        string? failure = null;
        bool isReady = await ReceiveAsync(WorkerMessageType.Ready, payload => failure = Encoding.UTF8.GetString(payload.Span), cancellationToken);
        if (!isReady) { throw new WorkerStartException(await DescribeExitAsync()); }
        if (failure!.Length > 0) { throw new WorkerStartException(failure); }
    }

    private bool TryFind(WorkerMessageType type, Action<MediaBuffer> take)
    {
        while (Reader.TryRead(out WorkerMessage message))
        {
            bool isWanted = message.Type == type;
            if (isWanted) { take(message.Payload); }
            message.Payload.Release();
            if (isWanted) { return true; }
        }
        return false;
    }

    /// <summary>Logs what the process writes, until it ends. A thread of its own: reading a pipe blocks.</summary>
    private void ReadOutput()
    {
        Span<char> buffer = stackalloc char[LongestLine];
        var line = new StringBuilder(LongestLine);
        int logged = 0;
        try
        {
            while (_process.StandardError.Read(buffer) is > 0 and int count)
            {
                foreach (char character in buffer[..count])
                {
                    if (character != '\n' && line.Length < LongestLine)
                    {
                        line.Append(char.IsControl(character) ? ' ' : character);
                        continue;
                    }
                    OnLine(line.ToString().Trim(), ref logged);
                    line.Clear();
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException) { /* the pipe is gone, and the process with it */ }
        OnLine(line.ToString().Trim(), ref logged);
        _outputEnded.SetResult();
    }

    private void OnLine(string line, ref int logged)
    {
        if (line.Length == 0) { return; }
        _lastLine = line;
        if (++logged <= MostLoggedLines) { LogOutput(Id, line); }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "worker {Process}: {Line}")]
    private partial void LogOutput(int process, string line);
}
