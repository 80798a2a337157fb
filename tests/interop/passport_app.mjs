// usage: node passport_app.mjs ISSUER CLIENT SECRET PORT [OPTION=VALUE ...]
// An application by express whose people log in by passport-openidconnect; options are its.
import { load } from './peer.mjs'

const names = ['express', 'express-session', 'passport', 'passport-openidconnect']
const [express, session, passport, strategy] =
	(await Promise.all(names.map(load))).map((m) => m.default)
const [issuer, clientID, clientSecret, port, ...more] = process.argv.slice(2)
const site = `http://127.0.0.1:${port}`
const options = Object.fromEntries(more.map((m) => m.split('=')))

passport.use(new strategy.Strategy({
	issuer, clientID, clientSecret, callbackURL: '/cb', nonce: true, scope: ['profile', 'email'],
	authorizationURL: `${issuer}/authorize`, tokenURL: `${issuer}/token`,
	userInfoURL: `${issuer}/userinfo`, ...options,
}, (iss, told, inToken, context, idToken, accessToken, refreshToken, params, done) =>
	done(null, { iss, told, inToken, context, params })))
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
app.use(session({ secret: 'for tests only', name: 'app', resave: false, saveUninitialized: false }))
app.use(passport.initialize(), passport.session())
app.get('/login', passport.authenticate('openidconnect'))
app.get('/cb', passport.authenticate('openidconnect', { successRedirect: '/' }))
app.get('/', (req, res) => res.status(req.user ? 200 : 401).json(req.user ?? {}))
app.use((e, req, res, next) => res.status(500).json({ name: e.name, code: e.code }))
app.listen(Number(port), '127.0.0.1', () => console.log('listening at', site))
