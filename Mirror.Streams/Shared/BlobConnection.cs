using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace Mirror.Streams.Shared;

/// <summary>The container in Azure Blob Storage that nodes share.</summary>
public sealed class BlobConnection
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);      // a storage that answers after half a second is slow, not away
    private const int PatientRetries = 4;
    private static readonly TimeSpan PatientPause = TimeSpan.FromMilliseconds(100);
    private volatile bool _isCreated;

    /// <summary>Makes the client; connects with the first call.</summary>
    /// <param name="storage">A connection string, or the URL of an account (<see cref="SharedOptions.Blob"/>).</param>
    /// <param name="container">The container.</param>
    /// <exception cref="FormatException">It is neither.</exception>
    public BlobConnection(string storage, string container)
    {
        ArgumentNullException.ThrowIfNull(storage);
        var handler = new SocketsHttpHandler { ConnectTimeout = ProbeTimeout, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60) };
        var transport = new HttpClientTransport(new HttpClient(new BrokenConnectionHandler(handler)) { Timeout = Timeout.InfiniteTimeSpan });
        var once = new BlobClientOptions { Transport = transport, Retry = { MaxRetries = 0, NetworkTimeout = CallTimeout } };
        var patient = new BlobClientOptions { Transport = transport, Retry = { MaxRetries = PatientRetries, Delay = PatientPause, MaxDelay = ProbeTimeout, NetworkTimeout = CallTimeout } };
        Container = CreateService(storage, once).GetBlobContainerClient(container);
        PatientContainer = CreateService(storage, patient).GetBlobContainerClient(container);
    }

    /// <summary>The container. Whoever calls retries, since only it knows for how long and what a repeated append would do.</summary>
    public BlobContainerClient Container { get; }

    /// <summary>The container, for calls that may be repeated: a failed one is, a few times within seconds.</summary>
    public BlobContainerClient PatientContainer { get; }

    /// <summary>Makes the container if it is missing; once.</summary>
    /// <exception cref="RequestFailedException">The storage is away, or refuses.</exception>
    public async Task EnsureContainerAsync(CancellationToken cancellationToken)
    {
        if (_isCreated) { return; }
        try { await Container.CreateIfNotExistsAsync(cancellationToken: cancellationToken); }
        catch (RequestFailedException refused) when (refused.Status == 403) { /* a signature or a role for blobs alone: whoever runs Mirror has made the container */ }
        _isCreated = true;
    }

    /// <summary>The container was found missing: it is made again.</summary>
    public void ForgetContainer() => _isCreated = false;

    /// <summary>Whether the storage answers.</summary>
    public async Task<bool> IsReachableAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(ProbeTimeout);
        try
        {
            await Container.ExistsAsync(timeout.Token);
            return true;
        }
        catch (Exception error) when (IsFailure(error) && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Whether the storage is away, slow or refuses.</summary>
    internal static bool IsFailure(Exception error)
        => error is RequestFailedException or AggregateException or OperationCanceledException or IOException or AuthenticationFailedException;

    /// <summary>Makes a call, and says so in one way for all that nodes share where the storage is away.</summary>
    /// <exception cref="SharedStateException">The storage is away, slow or refuses.</exception>
    internal static async Task<T> GuardAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try { return await call(); }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && IsFailure(error))
        {
            throw new SharedStateException($"Blob storage: {error.Message.Split('\n')[0]}", error);
        }
    }

    private static BlobServiceClient CreateService(string storage, BlobClientOptions options)
    {
        if (!Uri.TryCreate(storage, UriKind.Absolute, out Uri? account) || account.Scheme is not ("http" or "https")) { return new BlobServiceClient(storage, options); }
        return account.Query.Contains("sig=", StringComparison.Ordinal) ? new BlobServiceClient(account, options) : new BlobServiceClient(account, new DefaultAzureCredential(), options);
    }
}
