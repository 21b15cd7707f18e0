using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Mirror.Streams.Shared;

/// <summary>One connection to Redis, opened and reopened in the background.</summary>
/// <remarks>
/// Redis may be away at the start and at any time later: commands then fail with <see cref="SharedStateException"/>, within
/// <see cref="CommandTimeout"/>. A connection carries its commands in order, so whoever waits inside Redis's transactions has one of its own.
/// A connection that is up, but on which commands time out again and again, is replaced by a new one: the library's state may be broken.
/// </remarks>
public sealed partial class RedisConnection : IAsyncDisposable
{
    /// <summary>How long a command may take: a Redis that answers after half a second is slow, not away.</summary>
    public static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(3);

    private const int ConnectTimeoutMilliseconds = 1000;
    private const int ReconnectMilliseconds = 250;
    private const int KeepAliveSeconds = 2;                                         // finds a server that vanished without a word
    private static readonly TimeSpan ConnectAgain = TimeSpan.FromMilliseconds(500);
    private const int MostTimeouts = 5;
    private static readonly TimeSpan TimeoutWindow = TimeSpan.FromMinutes(2);
    private readonly Lock _lock = new();
    private readonly ConfigurationOptions _configuration;
    private readonly ILogger<RedisConnection> _logger;
    private readonly CancellationTokenSource _disposed = new();
    private readonly List<(RedisChannel Channel, Action<RedisValue> Handler)> _listeners = [];
    private readonly Queue<long> _timeouts = new();          // when commands timed out on the present connection
    private Task<ConnectionMultiplexer?> _connecting;
    private ConnectionMultiplexer? _multiplexer;
    private int _isAway;

    /// <summary>Begins to connect; waits for nothing.</summary>
    /// <param name="configuration">The connection string (<see cref="SharedOptions.Redis"/>).</param>
    /// <param name="logger">Hears of losses and returns.</param>
    /// <exception cref="ArgumentException">The connection string cannot be read.</exception>
    public RedisConnection(string configuration, ILogger<RedisConnection> logger)
    {
        _logger = logger;
        _configuration = ConfigurationOptions.Parse(configuration);
        _configuration.AbortOnConnectFail = false;
        _configuration.ConnectTimeout = ConnectTimeoutMilliseconds;
        _configuration.KeepAlive = KeepAliveSeconds;
        _configuration.ReconnectRetryPolicy = new LinearRetry(ReconnectMilliseconds);
        _connecting = Task.Run(ConnectAsync);
    }

    /// <summary>The connection is back after it was lost, or was opened for the first time. What was published meanwhile was missed.</summary>
    public event Action? Restored;

    /// <summary>Whether Redis answers.</summary>
    public bool IsConnected => Volatile.Read(ref _multiplexer) is { IsConnected: true };

    /// <summary>Runs commands.</summary>
    /// <exception cref="SharedStateException">Redis is away, failed, or took too long.</exception>
    public async Task<T> RunAsync<T>(Func<IDatabase, Task<T>> commands, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ConnectionMultiplexer? multiplexer = null;
        try
        {
            multiplexer = Volatile.Read(ref _multiplexer) ?? await Volatile.Read(ref _connecting).WaitAsync(CommandTimeout, cancellationToken);
            ObjectDisposedException.ThrowIf(multiplexer is null, this);
            return await commands(multiplexer.GetDatabase()).WaitAsync(CommandTimeout, cancellationToken);
        }
        catch (Exception error) when (IsFailure(error, cancellationToken))
        {
            if (error is TimeoutException && multiplexer is { IsConnected: true }) { OnTimeout(multiplexer); }
            throw new SharedStateException($"Redis: {error.Message}", error);
        }
    }

    /// <summary>Listens to a channel, for as long as this object lives; every return of the connection renews it.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="handler">Called for each message, possibly out of order and by several threads; must return at once.</param>
    public void Listen(RedisChannel channel, Action<RedisValue> handler)
    {
        lock (_lock) { _listeners.Add((channel, handler)); }
        _ = ListenAsync(channel, handler);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested) { return; }
        await _disposed.CancelAsync();
        ConnectionMultiplexer? multiplexer = await Volatile.Read(ref _connecting);
        multiplexer?.Dispose();
        _disposed.Dispose();
    }

    private static bool IsFailure(Exception error, CancellationToken cancellationToken) => error switch
    {
        OperationCanceledException => !cancellationToken.IsCancellationRequested,   // a transaction that could not be sent cancels its commands
        RedisException or TimeoutException or SocketException or IOException or ObjectDisposedException or InvalidOperationException => true,
        _ => false,
    };

    private async Task<ConnectionMultiplexer?> ConnectAsync()
    {
        while (!_disposed.IsCancellationRequested)
        {
            try
            {
                ConnectionMultiplexer multiplexer = await ConnectionMultiplexer.ConnectAsync(_configuration);
                Volatile.Write(ref _multiplexer, multiplexer);
                multiplexer.ConnectionFailed += (_, failure) => { if (IsPresent(multiplexer)) { OnFailed(failure.FailureType.ToString()); } };
                multiplexer.ConnectionRestored += (_, _) => { if (IsPresent(multiplexer)) { OnRestored(); } };
                if (multiplexer.IsConnected) { OnRestored(); }
                else { OnFailed("no answer"); }
                return multiplexer;
            }
            catch (Exception error) when (IsFailure(error, CancellationToken.None))
            {
                OnFailed(error.Message);
                await Task.Delay(ConnectAgain, _disposed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        return null;
    }

    private async Task ListenAsync(RedisChannel channel, Action<RedisValue> handler)
    {
        ConnectionMultiplexer? multiplexer = await Volatile.Read(ref _connecting);
        while (multiplexer is not null && IsPresent(multiplexer) && !_disposed.IsCancellationRequested)
        {
            try
            {
                await multiplexer.GetSubscriber().SubscribeAsync(channel, (_, message) => handler(message)).WaitAsync(CommandTimeout);
                return;                                      // the library subscribes again by itself whenever the connection returns
            }
            catch (Exception error) when (IsFailure(error, CancellationToken.None))
            {
                await Task.Delay(ConnectAgain, _disposed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void OnTimeout(ConnectionMultiplexer multiplexer)
    {
        (RedisChannel Channel, Action<RedisValue> Handler)[] listeners;
        lock (_lock)
        {
            if (!IsPresent(multiplexer) || _disposed.IsCancellationRequested) { return; }
            _timeouts.Enqueue(Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(_timeouts.Peek()) > TimeoutWindow) { _timeouts.Dequeue(); }
            if (_timeouts.Count < MostTimeouts) { return; }
            _timeouts.Clear();
            Volatile.Write(ref _multiplexer, null);
            Volatile.Write(ref _connecting, Task.Run(ConnectAsync));
            listeners = [.. _listeners];
        }
        LogReplaced(MostTimeouts);
        foreach ((RedisChannel channel, Action<RedisValue> handler) in listeners) { _ = ListenAsync(channel, handler); }
        _ = Task.Run(multiplexer.Dispose);                   // which waits for what it cannot send
    }

    private bool IsPresent(ConnectionMultiplexer multiplexer) => Volatile.Read(ref _multiplexer) == multiplexer;

    private void OnFailed(string reason)
    {
        if (Interlocked.Exchange(ref _isAway, 1) == 0 && !_disposed.IsCancellationRequested) { LogAway(reason); }
    }

    private void OnRestored()
    {
        if (Interlocked.Exchange(ref _isAway, 0) == 1) { LogBack(); }
        Restored?.Invoke();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis is away ({Reason}); trying on")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis is connected, but {Count} commands timed out: the connection is replaced")]
    private partial void LogReplaced(int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis is back")]
    private partial void LogBack();
}
