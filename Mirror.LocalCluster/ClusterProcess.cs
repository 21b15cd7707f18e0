using System.Diagnostics;

namespace Mirror.LocalCluster;

/// <summary>One program of the cluster, its output in a file. It can be killed, stopped and started again with the same words.</summary>
public sealed class ClusterProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly string _program;
    private readonly string[] _arguments;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly string _logFile;
    private readonly Lock _lock = new();
    private Process? _process;
    private Task _copying = Task.CompletedTask;
    private bool _isStopped;

    internal ClusterProcess(string name, string logFolder, string program, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        Name = name;
        _program = program;
        _arguments = arguments;
        _environment = environment ?? new Dictionary<string, string>();
        _logFile = Path.Combine(logFolder, name + ".log");
    }

    /// <summary>Its name, such as <c>transcode-2</c>.</summary>
    public string Name { get; }

    /// <summary>What it wrote.</summary>
    public string LogFile => _logFile;

    /// <summary>Whether it runs, if only to stand still.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>The process; 0 before the first start.</summary>
    public int ProcessId => _process?.Id ?? 0;

    /// <summary>Starts it.</summary>
    /// <param name="more">Further command-line words for this time.</param>
    /// <exception cref="InvalidOperationException">There is no such program.</exception>
    public void Start(params string[] more)
    {
        ArgumentNullException.ThrowIfNull(more);
        var start = new ProcessStartInfo(_program) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in _arguments.Concat(more)) { start.ArgumentList.Add(argument); }
        foreach ((string name, string value) in _environment) { start.Environment[name] = value; }
        try { _process = Process.Start(start)!; }
        catch (System.ComponentModel.Win32Exception error) { throw new InvalidOperationException($"{Name}: {_program} cannot be started ({error.Message}). make setup installs what is missing.", error); }
        _process.StandardInput.Close();
        _isStopped = false;
        _copying = Task.WhenAll(CopyAsync(_process.StandardOutput), CopyAsync(_process.StandardError));
    }

    /// <summary>It goes on where it stands still, and starts where it has ended.</summary>
    public void Repair()
    {
        if (IsRunning) { Send(Signal.Continue); }
        else { Start(); }
    }

    /// <summary>Sends a signal.</summary>
    public void Send(Signal signal)
    {
        if (!IsRunning) { return; }
        _isStopped = signal == Signal.Stop || (_isStopped && signal != Signal.Continue);
        NativeProcess.Send(ProcessId, signal);
    }

    /// <summary>Ends it at once, as a crash would.</summary>
    public async Task KillAsync()
    {
        if (_process is null) { return; }
        Send(Signal.Kill);
        await _process.WaitForExitAsync();
        await _copying;
    }

    /// <summary>Asks it to end, and ends it where it does not.</summary>
    public async Task StopAsync()
    {
        if (_process is not { HasExited: false }) { return; }
        if (_isStopped) { Send(Signal.Continue); }
        Send(Signal.Terminate);
        using var patience = new CancellationTokenSource(Patience);
        try { await _process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException) { await KillAsync(); }
        await _copying;
    }

    /// <summary>The last lines that it wrote, for a message.</summary>
    public string LastLines(int count = 15)
    {
        lock (_lock) { return File.Exists(_logFile) ? string.Join('\n', File.ReadLines(_logFile).TakeLast(count)) : ""; }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process?.Dispose();
    }

    private async Task CopyAsync(StreamReader from)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (_lock) { File.AppendAllText(_logFile, line + "\n"); }
        }
    }
}
